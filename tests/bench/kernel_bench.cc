/// The price of one kernel. A step has about 30 of them and should take single-digit microseconds,
/// so a kernel has 0.1 us at data-sheet rates and must not touch the heap.
#include "hw/data.h"
#include "model/kernel_time.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kGoalUs = 0.1;

void roofline(benchmark::State& state, const Op& op) {
    const RooflineTime time(load_gpu(DataFiles(), "h800"));
    const Goal goal(state, kGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(time.cost(op, 132));
}

// DeepSeek-V3's shapes at 128 requests per GPU and a context of 4096 (16 requests for prefill).
BENCHMARK_CAPTURE(roofline, gemm, Gemm{128, 7168, 16384, Format::fp8_block});
BENCHMARK_CAPTURE(roofline, batched_gemm, BatchedGemm{128, 128, 512, 128, Format::bf16});
BENCHMARK_CAPTURE(roofline, grouped_gemm,
                  GroupedGemm{1024, 2, 0, 4096, 7168, Format::fp8_block, GroupedLayout::masked});
BENCHMARK_CAPTURE(roofline, mla_decode, MlaDecode{128, 1, 4096, 128, 512, 64, KvLayout::fp8_flashmla});
BENCHMARK_CAPTURE(roofline, flash_prefill, FlashPrefill{16, 4096, 4096, 128, 128, 192, 128, Format::bf16});
BENCHMARK_CAPTURE(roofline, gqa_decode, GqaDecode{128, 1, 4096, 64, 4, 128, 128, Format::bf16});
BENCHMARK_CAPTURE(roofline, indexer_score, IndexerScore{128, 4096, 128, 64, 128});
BENCHMARK_CAPTURE(roofline, streaming, Streaming{128 * 7168 * 2 * unit::B});

}  // namespace
