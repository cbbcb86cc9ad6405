#include "tests/profiler/simt/emulator.h"
//
#include "profiler/kernels/mla_prefill.cuh"
#include "tests/catch.h"
#include "tests/profiler/kernels/made_up.h"

using namespace isobath::kernels;
using isobath::simt::emulate;
using isobath::simt::Order;

namespace {

struct Prompt {
    MlaPrefillShape shape;
    Buffer<Bf16> q, k, v;

    Prompt(int batch, int queries, int keys, int heads)
        : shape{batch, queries, keys, heads, 0.3F},
          q(random_bf16(std::size_t(batch * queries * heads * 192), 1)),
          k(random_bf16(std::size_t(batch * keys * heads * 192), 2)),
          v(random_bf16(std::size_t(batch * keys * heads * 128), 3)) {}
};

Buffer<Bf16> run(const Prompt& p, Order order) {
    Buffer<Bf16> out(std::size_t(p.shape.batch * p.shape.queries * p.shape.heads * 128));
    const MlaPrefillBuffers b{p.q.data(), p.k.data(), p.v.data(), out.data()};
    emulate({.grid_x  = (p.shape.queries + 127) / 128,
             .grid_y  = p.shape.batch * p.shape.heads,
             .threads = 256,
             .shared  = prefill::kSharedBytes,
             .order   = order},
            [&] { prefill::prefill_kernel(p.shape, b); });
    return out;
}

/// out[e] of one query and head.
std::vector<double> attend(const Prompt& p, int request, int query, int head) {
    const MlaPrefillShape& s = p.shape;
    const int seen           = s.keys - s.queries + query + 1;
    std::vector<double> out(128, 0), score;
    double total = 0;
    for (int t = 0; t < seen; ++t) {
        double x = 0;
        for (int e = 0; e < 192; ++e)
            x += double(
                     to_float(p.q[std::size_t(((request * s.queries + query) * s.heads + head) * 192 + e)])) *
                 to_float(p.k[std::size_t(((request * s.keys + t) * s.heads + head) * 192 + e)]);
        score.push_back(std::exp(x * double(s.scale)));
        total += score.back();
    }
    for (int t = 0; t < seen; ++t)
        for (int e = 0; e < 128; ++e)
            out[std::size_t(e)] +=
                score[std::size_t(t)] / total *
                to_float(p.v[std::size_t(((request * s.keys + t) * s.heads + head) * 128 + e)]);
    return out;
}

/// P is rounded to BF16 before, the answer after it was summed: 2^-9 each of values up to 1.
void check(const Prompt& p) {
    const Buffer<Bf16> out = run(p, Order::forward);
    double worst           = 0;
    for (int r = 0; r < p.shape.batch; ++r)
        for (int i = 0; i < p.shape.queries; i += 1 + i % 5)
            for (int h = 0; h < p.shape.heads; ++h) {
                const std::vector<double> expected = attend(p, r, i, h);
                const auto first = std::size_t(((r * p.shape.queries + i) * p.shape.heads + h) * 128);
                for (std::size_t e = 0; e < 128; ++e) {
                    const double off = std::abs(to_float(out[first + e]) - expected[e]);
                    if (!(off <= worst)) worst = off;
                }
            }
    CHECK(worst <= 2.0 / 512);
    const Buffer<Bf16> again = run(p, Order::reversed);
    CHECK(std::memcmp(out.data(), again.data(), out.size() * 2) == 0);
}

}  // namespace

TEST_CASE("mla prefill: causal, over two tiles of queries and a tail of one", "[profiler][kernels]") {
    check(Prompt(1, 129, 129, 2));
}

TEST_CASE("mla prefill: requests of a batch see their own keys, the first of them from earlier chunks",
          "[profiler][kernels]") {
    check(Prompt(2, 40, 105, 1));
}

TEST_CASE("mla prefill: the first token sees itself alone", "[profiler][kernels]") {
    const Prompt p(1, 1, 1, 1);
    const Buffer<Bf16> out = run(p, Order::forward);
    for (std::size_t e = 0; e < 128; ++e) CHECK(out[e].bits == p.v[e].bits);
}
