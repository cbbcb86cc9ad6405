#include "model/forms_gemm.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

constexpr double kStepK = 128;

/// A family without a pipeline: everything hidden, never split.
const PipelineConstants kPlain{{}, {1, 1, 1}, {}, {}};

const PipelineConstants& pipeline_of(const GemmConstants& c) {
    return c.pipeline ? *c.pipeline : kPlain;
}

/// Whole counts below 2^31: quicker than std::ceil without SSE 4.1. The 1e-9 undoes the rounding of 1 / 128.
double up(double x) {
    const double down = static_cast<double>(static_cast<long long>(x));
    return x - down > 1e-9 ? down + 1 : down;
}

/// Speed of multiplications at m rows, of that in short products: 1 up to 256 rows, `sustained` from 2048 on.
double speed_at(double m, double sustained) {
    if (m <= 256) return 1;
    return 1 - (1 - sustained) * (m < 2048 ? (std::log2(m) - 8) / 3 : 1);
}

/// A product's tiles before k is split, and what its parts cost.
struct Cut {
    TilePlan plan;
    double blocks, tiles, steps;
    Seconds step, adding;  ///< one pipeline stage; moving the parts of a product that is split in two
};

TilePlan widened(TilePlan plan, int n, int min_tile_n) {
    plan.width   = std::max(plan.width, min_tile_n);
    plan.columns = (n + plan.width - 1) / plan.width;
    return plan;
}

Cut cut_of(const GemmConstants& c, const Machine& machine, const BatchedGemm& s, int sms) {
    const PipelineConstants& p = pipeline_of(c);
    const bool low             = s.m <= 64;
    const double blocks        = s.batch * (low ? 1 : up(s.m / 128));
    const TilePlan plan =
        widened(plan_tiles(blocks, low ? 64 : 128, s.n, c.max_tile_n, sms), s.n, p.min_tile_n);
    const FlopsPerSecond rate = machine.flops_per_sm * (c.compute.value * speed_at(s.m, p.sustained.value));
    const Seconds products    = 2 * kStepK * plan.rows * plan.width * unit::FLOP / rate;
    const Bytes parts         = 4.0 * s.batch * s.m * s.n * unit::B;  // FP32, written and read per part
    return {plan,
            blocks,
            blocks * plan.columns,
            up(s.k / kStepK),
            std::max(c.step.value, products),
            2 * parts / machine.bandwidth};
}

struct Split {
    int parts = 1;
    double waves;
    Seconds tile, compute;
};

Split split_of(const GemmConstants& c, const Cut& cut, int parts, int sms) {
    const double waves = up(cut.tiles * parts / sms);
    const Seconds tile = c.tile.value + up(cut.steps / parts) * cut.step;
    const Seconds all  = waves * tile;
    return {parts, waves, tile,
            parts == 1 ? all : all + pipeline_of(c).gather.value + double(parts) * cut.adding};
}

/// Fewest seconds among 1, 2, 4, ... parts.
Split best_split(const GemmConstants& c, const Cut& cut, int sms) {
    Split best = split_of(c, cut, 1, sms);
    for (int parts = 2; parts <= pipeline_of(c).most_splits; parts *= 2)
        if (const Split next = split_of(c, cut, parts, sms); next.compute < best.compute) best = next;
    return best;
}

FormTime time_of(const GemmConstants& c, const Machine& machine, const BatchedGemm& s, int sms,
                 double memory_share) {
    const Seconds compute = best_split(c, cut_of(c, machine, s, sms), sms).compute;
    const Seconds memory  = work_of(s).bytes / (bandwidth_of(machine, sms) * memory_share);
    const Seconds both = std::max(compute, memory) + pipeline_of(c).shows.value * std::min(compute, memory);
    return {c.launch.value + both, c.launch.value, compute, memory};
}

}  // namespace

Tiling pipelined_tiling(const GemmConstants& c, const Machine& machine, const BatchedGemm& shape, int sms) {
    const Cut cut    = cut_of(c, machine, shape, sms);
    const Split best = best_split(c, cut, sms);
    return {cut.blocks, cut.plan, best.waves, best.tile, best.parts};
}

FormTime pipelined_time(const GemmConstants& c, const Machine& machine, const BatchedGemm& shape, int sms) {
    return time_of(c, machine, shape, sms, c.memory.value);
}

Seconds quantise_time(const GemmConstants& c, const Machine& machine, const BatchedGemm& s) {
    if (!c.quantise) return {};
    const Bytes pass = 3.0 * s.batch * s.m * s.k * unit::B;
    return c.quantise->launch.value + c.quantise->passes.value * (pass / machine.bandwidth);
}

Seconds benchmark_time(const GemmConstants& c, const GpuSpec& gpu, const BatchedGemm& shape) {
    const Machine machine = machine_of(gpu, math_of(shape.format));
    const bool warm       = pipeline_of(c).cached.value > 0 && work_of(shape).bytes < kWarmShare * gpu.l2;
    const double share    = warm ? pipeline_of(c).cached.value : c.memory.value;
    return quantise_time(c, machine, shape) + time_of(c, machine, shape, gpu.sm_count, share).time;
}

}  // namespace isobath
