#include "profiler/work.h"

#include "tests/catch.h"

using namespace isobath;

namespace {

KernelPoint point(KernelKind kind, const std::string& format, std::array<std::int64_t, kMostAxes> values) {
    return {kind, format, values};
}

double megabytes(const KernelPoint& p) {
    return work_of(p).traffic.in(unit::MB);
}

}  // namespace

TEST_CASE("work: a product moves its three matrices once and does 2mnk", "[profiler]") {
    const auto p = point(KernelKind::gemm, "bf16", {100, 200, 1000});
    CHECK(work_of(p).flop.in(unit::GFLOP) == Approx(0.04));  // 2 * 100 * 200 * 1000
    CHECK(megabytes(p) == Approx(0.2 + 0.4 + 0.04));         // 2 B each
    // One byte and a 128th of four; the product stays BF16.
    CHECK(megabytes(point(KernelKind::gemm, "fp8_block", {100, 200, 1000})) == Approx(0.3 * 1.03125 + 0.04));
    CHECK(megabytes(point(KernelKind::gemm, "nvfp4", {100, 200, 1000})) == Approx(0.3 * 0.5625 + 0.04));
}

TEST_CASE("work: absorbed decode reads 1152, 576 or 656 bytes of a cached token", "[profiler]") {
    // batch 1000, context 1000: a million tokens; queries of one head are 1000 * (2 * 512 + 64) * 2 B = 2.176
    // MB.
    CHECK(megabytes(point(KernelKind::mla_decode, "bf16", {1000, 1, 1000, 1})) == Approx(1152 + 2.176));
    CHECK(megabytes(point(KernelKind::mla_decode, "fp8", {1000, 1, 1000, 1})) == Approx(576 + 2.176));
    CHECK(megabytes(point(KernelKind::mla_decode, "fp8_flashmla", {1000, 1, 1000, 1})) ==
          Approx(656 + 2.176));
}

TEST_CASE("work: causal prefill sees half the square, and all of what came before", "[profiler]") {
    // 4 queries on 4 tokens: 1 + 2 + 3 + 4 = 10 pairs; behind 6 more tokens 4 * 6 = 24 more; 2 * 320 FLOP
    // each.
    CHECK(work_of(point(KernelKind::mla_prefill, "bf16", {1, 4, 4, 1})).flop.in(unit::FLOP) == Approx(6400));
    CHECK(work_of(point(KernelKind::mla_prefill, "bf16", {1, 4, 10, 1})).flop.in(unit::FLOP) ==
          Approx(34 * 640));
}

TEST_CASE("work: what stays in L2 moves nothing but is allocated", "[profiler]") {
    const KernelWork l2 = work_of(point(KernelKind::l2_read, "bf16", {1 << 20}));
    CHECK(l2.traffic == Bytes{});
    CHECK(l2.operands.in(unit::MiB) == Approx(1));
}

TEST_CASE("work: every kind answers, and nothing is negative", "[profiler]") {
    for (int i = 0; i < kKernelKindCount; ++i) {
        const auto kind = static_cast<KernelKind>(i);
        for (const auto format : formats_of(kind)) {
            const KernelWork work = work_of(point(kind, std::string(format), {2, 2, 2, 2, 2, 1}));
            CHECK(work.flop >= Flops{});
            CHECK(work.operands >= work.traffic);
        }
    }
}

TEST_CASE("work: a copy faster than the memory's pins is called impossible", "[profiler]") {
    const auto p    = point(KernelKind::copy, "bf16", {1'000'000'000});
    const auto peak = 3.35 * (unit::TB / unit::s);
    // 2 GB in 1 ms are 2 TB/s, in 0.5 ms 4 TB/s: more than 1.1 * 3.35.
    CHECK(impossible(p, 1 * unit::ms, peak).empty());
    CHECK(impossible(p, 0.5 * unit::ms, peak) == "moves 4 TB/s, the memory's peak is 3.35 TB/s");
    CHECK(impossible(p, 0.5 * unit::ms, BytesPerSecond{}).empty());
    CHECK(impossible(p, Seconds{}, peak) == "took no time at all");
}
