#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/grouped_gemm.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/made_up.h"

using namespace isobath::kernels;
using isobath::simt::emulate;
using isobath::simt::Order;

namespace {

constexpr int kN = 256, kK = 384;  // two tiles of columns; three blocks of scales, or six stages of BF16

struct Problem {
    GroupedGemmShape shape;
    std::vector<int> counts, first_row;
    int rows = 0;
    Buffer<E4m3> a8, b8;
    Buffer<Bf16> a16, b16;
    Buffer<float> a_scales, b_scales;

    double a(int row, int k) const {
        const auto i = std::size_t(row * kK + k);
        return shape.fp8 ? double(to_float(a8[i])) * a_scales[i / 128] : to_float(a16[i]);
    }
    double b(int expert, int n, int k) const {
        const auto i = std::size_t((expert * kN + n) * kK + k);
        const auto s = std::size_t((expert * kN / 128 + n / 128) * (kK / 128) + k / 128);
        return shape.fp8 ? double(to_float(b8[i])) * b_scales[s] : to_float(b16[i]);
    }
};

/// Rows that no expert uses are NaN; they may not reach an answer.
Problem make_up(const std::vector<int>& counts, bool fp8, int tile_rows, bool masked) {
    const int experts = int(counts.size()), slot = 192;
    std::vector<int> first_row;
    int rows = 0;
    for (const int c : counts) {
        first_row.push_back(rows);
        rows += masked ? slot : (c + 127) / 128 * 128;
    }
    const auto a = std::size_t(rows * kK), b = std::size_t(experts * kN * kK);
    Problem p{{experts, kN, kK, fp8, masked ? slot : 0, tile_rows},
              counts,
              first_row,
              rows,
              Buffer<E4m3>(a),
              random_e4m3(b, 1),
              Buffer<Bf16>(a),
              random_bf16(b, 2),
              random_float(a / 128, 3, 0.5F / 448, 2.F / 448),
              random_float(b / 128 / 128, 4, 0.5F / 448, 2.F / 448)};
    std::mt19937 engine(5);
    for (std::size_t e = 0; e < counts.size(); ++e)
        for (int i = 0; i < counts[e] * kK; ++i) {
            const auto at = std::size_t(first_row[e] * kK + i);
            p.a16[at] = to_bf16(even(engine)), p.a8[at] = to_e4m3(448 * even(engine));
        }
    return p;
}

template <bool kFp8, int kRows>
Buffer<Bf16> multiply(const Problem& p, Order order) {
    Buffer<Bf16> d(std::size_t(p.rows * kN));
    const GroupedGemmBuffers b{p.shape.fp8 ? static_cast<const void*>(p.a8.data()) : p.a16.data(),
                               p.a_scales.data(),
                               p.shape.fp8 ? static_cast<const void*>(p.b8.data()) : p.b16.data(),
                               p.b_scales.data(),
                               p.counts.data(),
                               p.first_row.data(),
                               d.data()};
    emulate(
        {.grid_x = 3, .threads = 256, .shared = std::size_t(grouped::Tile<kRows>::kShared), .order = order},
        [&] { grouped::grouped_gemm_kernel<kFp8, kRows>(p.shape, b); });
    return d;
}

/// FP32 sums of 384 products below 4 * 4 lose little; the answer is rounded to BF16.
template <bool kFp8, int kRows>
void check(const std::vector<int>& counts, bool masked) {
    const Problem p      = make_up(counts, kFp8, kRows, masked);
    const Buffer<Bf16> d = multiply<kFp8, kRows>(p, Order::forward);
    double worst         = 0;
    for (std::size_t e = 0; e < counts.size(); ++e)
        for (int r = 0; r < counts[e]; ++r)
            for (int n = r % 3; n < kN; n += 3) {
                double sum = 0;
                for (int k = 0; k < kK; ++k) sum += p.a(p.first_row[e] + r, k) * p.b(int(e), n, k);
                const double off    = std::abs(to_float(d[std::size_t((p.first_row[e] + r) * kN + n)]) - sum);
                const double excess = off - std::abs(sum) / 256;
                if (!(excess <= worst)) worst = excess;
            }
    CHECK(worst <= 1e-3);
    int touched = 0;
    for (int r = 0, e = 0; r < p.rows; ++r) {
        while (e + 1 < p.shape.experts && r >= p.first_row[std::size_t(e) + 1]) ++e;
        if (r >= p.first_row[std::size_t(e)] + counts[std::size_t(e)])
            for (int n = 0; n < kN; ++n) touched += d[std::size_t(r * kN + n)].bits != 0xFFFF ? 1 : 0;
    }
    CHECK(touched == 0);
    const Buffer<Bf16> again = multiply<kFp8, kRows>(p, Order::reversed);
    CHECK(std::memcmp(d.data(), again.data(), d.size() * 2) == 0);
}

}  // namespace

TEST_CASE("grouped gemm: masked slots of FP8, experts without rows among them", "[profiler][kernels]") {
    check<true, 16>({0, 5, 1, 0, 33, 0}, true);
    check<true, 64>({70, 0, 1}, true);
    check<true, 128>({0, 130, 17}, true);
}

TEST_CASE("grouped gemm: contiguous rows of BF16, each expert on a multiple of 128", "[profiler][kernels]") {
    check<false, 16>({3, 0, 20}, false);
    check<false, 64>({0, 65, 0}, false);
    check<false, 128>({129, 0, 2}, false);
}

TEST_CASE("grouped gemm: no rows at all", "[profiler][kernels]") {
    check<true, 128>({0, 0}, true);
}
