#include <algorithm>
#include <numeric>

#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/gate.cuh"
#include "profiler/kernels/permute.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/made_up.h"

using namespace isobath::kernels;
using isobath::simt::emulate;

namespace {

/// Indices of the `n` largest, largest first.
std::vector<int> best(const std::vector<double>& x, int n) {
    std::vector<int> order(x.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return x[std::size_t(a)] > x[std::size_t(b)]; });
    order.resize(std::size_t(n));
    return order;
}

/// DeepSeek-V3's choice, written as its paper says it.
std::vector<int> choose(const std::vector<double>& biased) {
    std::vector<double> groups;
    for (int g = 0; g < 8; ++g) {
        std::vector<double> of(biased.begin() + g * 32, biased.begin() + g * 32 + 32);
        std::sort(of.rbegin(), of.rend());
        groups.push_back(of[0] + of[1]);
    }
    std::vector<double> left(256, -1e30);
    for (const int g : best(groups, 4)) std::copy_n(biased.begin() + g * 32, 32, left.begin() + g * 32);
    return best(left, 8);
}

}  // namespace

TEST_CASE("gate: eight experts of the four best groups, weighted without the bias", "[profiler][kernels]") {
    const int tokens         = 6;
    Buffer<float> logits     = random_float(tokens * 256, 1, -3, 3);
    const Buffer<float> bias = random_float(256, 2, -0.3F, 0.3F);
    Buffer<int> chosen(tokens * 8);
    Buffer<float> weights(tokens * 8);
    emulate({.grid_x = 2, .threads = 128}, [&] {
        gate_choice_kernel({.tokens = tokens, .scaling = 2.5F}, logits.data(), bias.data(), chosen.data(),
                           weights.data());
    });
    for (int t = 0; t < tokens; ++t) {
        std::vector<double> score, biased;
        for (int e = 0; e < 256; ++e) {
            score.push_back(1 / (1 + std::exp(-double(logits[std::size_t(t * 256 + e)]))));
            biased.push_back(score.back() + bias[std::size_t(e)]);
        }
        const std::vector<int> expect = choose(biased);
        double sum                    = 0;
        for (const int e : expect) sum += score[std::size_t(e)];
        for (std::size_t k = 0; k < 8; ++k) {
            CHECK(chosen[std::size_t(t) * 8 + k] == expect[k]);
            CHECK(weights[std::size_t(t) * 8 + k] == Approx(2.5 * score[std::size_t(expect[k])] / sum));
        }
    }
}

TEST_CASE("gate: ties go to the lower index", "[profiler][kernels]") {
    // All logits equal: groups 0..3 stay, and of them experts 0..7 are the first.
    Buffer<float> logits = random_float(256, 1, 1, 1), bias = random_float(256, 1, 0, 0), weights(8);
    Buffer<int> chosen(8);
    emulate({.threads = 128}, [&] {
        gate_choice_kernel({.tokens = 1, .scaling = 1}, logits.data(), bias.data(), chosen.data(),
                           weights.data());
    });
    for (int k = 0; k < 8; ++k) {
        CHECK(chosen[std::size_t(k)] == k);
        CHECK(weights[std::size_t(k)] == Approx(0.125));
    }
}

namespace {

struct Permuted {
    Buffer<int> chosen, counts, first_row, row;
    Buffer<Bf16> from, to;
};

/// 50 tokens, 5 local experts of which expert 2 gets nothing, some choices remote.
Permuted run_permute(int alignment, int slot_rows) {
    const std::size_t tokens = 50, width = 264;
    Permuted p{Buffer<int>(tokens * 8),
               Buffer<int>(5),
               Buffer<int>(6),
               Buffer<int>(tokens * 8),
               random_bf16(tokens * width, 3),
               Buffer<Bf16>(5 * 256 * width)};
    std::mt19937 engine(4);
    for (std::size_t i = 0; i < tokens * 8; ++i) {
        p.chosen[i] = int(engine() % 7) - 1;
        if (p.chosen[i] == 2 || p.chosen[i] == 5) p.chosen[i] = -1;
    }
    const Permute shape{.tokens    = 50,
                        .experts   = 5,
                        .row_bytes = int(width) * 2,
                        .alignment = alignment,
                        .slot_rows = slot_rows};
    const PermuteBuffers b{p.chosen.data(), p.counts.data(), p.first_row.data(),
                           p.row.data(),    p.from.data(),   p.to.data()};
    emulate({.grid_x = 5, .threads = 256, .shared = 32}, [&] { rank_kernel(shape, b); });
    emulate({.threads = 256, .shared = 1024}, [&] { first_row_kernel(shape, b); });
    emulate({.grid_x = 50, .threads = 256}, [&] { gather_kernel(shape, b); });
    return p;
}

}  // namespace

TEST_CASE("permute: rows lie by expert in the order of tokens, in both layouts", "[profiler][kernels]") {
    for (const int slot_rows : {0, 128}) {
        const Permuted p = run_permute(128, slot_rows);
        std::vector<int> next(5, 0);
        for (std::size_t i = 0; i < 400; ++i) {
            const int e = p.chosen[i];
            if (e < 0) {
                CHECK(p.row[i] == -1);
                continue;
            }
            REQUIRE(p.row[i] == p.first_row[std::size_t(e)] + next[std::size_t(e)]++);
            CHECK(std::memcmp(&p.from[i / 8 * 264], &p.to[std::size_t(p.row[i]) * 264], 528) == 0);
        }
        for (std::size_t e = 0; e < 5; ++e) {
            CHECK(p.counts[e] == next[e]);
            CHECK(p.first_row[e] % 128 == 0);
            CHECK(p.first_row[e + 1] - p.first_row[e] == (slot_rows > 0 ? 128 : (next[e] + 127) / 128 * 128));
        }
    }
}

TEST_CASE("unpermute: a token is the weighted sum of its eight rows", "[profiler][kernels]") {
    const Permuted p            = run_permute(1, 0);
    const Buffer<float> weights = random_float(400, 5);
    Buffer<Bf16> to(50 * 264);
    emulate({.grid_x = 50, .threads = 256},
            [&] { unpermute_kernel(264, p.to.data(), p.row.data(), weights.data(), to.data()); });
    for (std::size_t t = 0; t < 50; ++t)
        for (std::size_t c = 0; c < 264; c += 7) {
            double sum = 0;
            for (std::size_t k = 0; k < 8; ++k)
                if (p.row[t * 8 + k] >= 0) sum += double(weights[t * 8 + k]) * to_float(p.from[t * 264 + c]);
            CHECK(to_float(to[t * 264 + c]) == Approx(sum).epsilon(1.0 / 200).margin(1e-5));
        }
}
