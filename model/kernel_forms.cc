#include "model/kernel_forms.h"

#include <algorithm>
#include <cmath>

#include "model/forms_gemm.h"
#include "model/row_blocks.h"

namespace isobath {
namespace {

constexpr int kStepK = 128;  ///< DeepGEMM scales its sums every 128 of k; our step constant is per 128

// Counts below 2^53 as doubles: their divisions are exact enough to round, and much quicker than integer
// ones.
double floor_of(double x) {
    return static_cast<double>(static_cast<long long>(x));
}

double ceil_of(double x) {
    const double down = floor_of(x);
    return down < x ? down + 1 : down;
}

/// ceil(count / sms) by a product: counts are whole, so that 1e-9 only undoes the rounding of 1 / sms.
double waves_of(double tiles, double per_sm) {
    return ceil_of(tiles * per_sm - 1e-9);
}

double norm2(double a, double b) {
    return std::sqrt(a * a + b * b);
}

/// Time of one tile: its fixed part, and per 128 of k the pipeline stage and the multiplications.
Seconds tile_time(const GemmConstants& c, const Machine& machine, const TilePlan& plan, int k) {
    const int steps            = (k + kStepK - 1) / kStepK;
    const Flops multiplication = 2.0 * plan.rows * plan.width * kStepK * unit::FLOP;
    return c.tile.value + steps * (c.step.value + multiplication / (machine.flops_per_sm * c.compute.value));
}

FormTime tiled(const GemmConstants& c, const Machine& machine, Seconds compute, Bytes bytes, int sms) {
    const Seconds memory = bytes / (bandwidth_of(machine, sms) * c.memory.value);
    return {c.launch.value + Seconds{norm2(compute.base(), memory.base())}, c.launch.value, compute, memory};
}

}  // namespace

Machine machine_of(const GpuSpec& gpu, Math math) {
    const FlopsPerSecond peak = gpu.supports(math) ? gpu.peak(math) : gpu.peak(Math::bf16);
    return {peak / double(gpu.sm_count), gpu.hbm_bandwidth, gpu.sm_count, gpu.l2};
}

BytesPerSecond bandwidth_of(const Machine& machine, int sms) {
    return 2 * sms >= machine.sm_count ? machine.bandwidth
                                       : machine.bandwidth * (2.0 * sms / machine.sm_count);
}

TilePlan plan_tiles(double row_blocks, int tile_rows, int n, int max_tile_n, int sms) {
    const double blocks  = std::max(1.0, row_blocks);
    const double waves   = waves_of(blocks * ceil_of(double(n) / max_tile_n), 1.0 / sms);
    const double columns = std::max(1.0, floor_of(waves * sms * (1 / blocks) + 1e-9));
    const double width =
        std::min(std::max(16.0, 8 * ceil_of(n / (8 * columns))), std::max(16.0, double(max_tile_n)));
    return {tile_rows, static_cast<int>(ceil_of(n / width)), static_cast<int>(width)};
}

Tiling tiling_of(const GemmConstants& c, const Machine& machine, const Gemm& shape, int sms) {
    if (c.pipeline) return pipelined_tiling(c, machine, batch_of_one(shape), sms);
    const bool low      = shape.m <= 64;
    const double blocks = low ? 1 : ceil_of(shape.m * (1.0 / 128));
    const TilePlan plan = plan_tiles(blocks, low ? 64 : 128, shape.n, c.max_tile_n, sms);
    return {blocks, plan, waves_of(blocks * plan.columns, 1.0 / sms), tile_time(c, machine, plan, shape.k)};
}

Tiling tiling_of(const GemmConstants& c, const Machine& machine, const GroupedGemm& shape, int sms) {
    const double mean    = shape.rows / shape.experts;
    const bool low       = shape.layout == GroupedLayout::masked && mean <= 64;
    const int rows       = low ? 64 : 128;
    const TilePlan plan  = plan_tiles(shape.experts * ceil_of(mean / rows), rows, shape.n, c.max_tile_n, sms);
    const BlockCount one = blocks_of_expert(mean, shape.row_variance, rows);
    return {shape.experts * one.mean, plan, expected_waves(one, shape.experts, plan.columns, sms),
            tile_time(c, machine, plan, shape.k)};
}

FormTime gemm_time(const GemmConstants& c, const Machine& machine, const Gemm& shape, int sms) {
    if (c.pipeline) return pipelined_time(c, machine, batch_of_one(shape), sms);
    const Tiling t = tiling_of(c, machine, shape, sms);
    return tiled(c, machine, t.waves * t.tile, work_of(shape).bytes, sms);
}

FormTime grouped_gemm_time(const GemmConstants& c, const Machine& machine, const GroupedGemm& shape,
                           int sms) {
    const Tiling t = tiling_of(c, machine, shape, sms);
    return tiled(c, machine, t.waves * t.tile, work_of(shape).bytes, sms);
}

FormTime overlap_time(const OverlapConstants& c, const Machine& machine, Flops flop, Bytes bytes, int sms,
                      Hiding hiding) {
    const Seconds compute = flop / (machine.flops_per_sm * (sms * c.compute.value));
    const Seconds memory  = bytes / (bandwidth_of(machine, sms) * c.memory.value);
    const double x = compute.base(), y = memory.base();
    const double both = hiding == Hiding::partial ? norm2(x, y) : std::max(x, y);
    return {c.launch.value + Seconds{both}, c.launch.value, compute, memory};
}

Flops padded_flop(const MlaDecode& a, int query_tile) {
    const double rows = ceil_of(double(a.s_q) * a.heads / query_tile) * query_tile;
    const double dims = 2.0 * a.kv_lora_rank + a.qk_rope_head_dim;
    return 2 * a.batch * a.context * rows * dims * unit::FLOP;
}

Flops padded_flop(const GqaDecode& a, int query_tile) {
    const double group = double(a.heads) / std::max(1, a.kv_heads);
    const double rows  = ceil_of(a.s_q * group / query_tile) * query_tile * a.kv_heads;
    return 2 * a.batch * a.context * rows * (a.qk_head_dim + a.v_head_dim) * unit::FLOP;
}

Flops padded_flop(const FlashPrefill& a, int query_tile) {
    // Row i of q_len meets its own diagonal tile whole: half a tile more than the causal mask on average.
    const double pairs = a.sequences * a.q_len * (a.kv_len - a.q_len + (a.q_len + 1) / 2 + query_tile / 2.0);
    return 2 * pairs * a.heads * (a.qk_head_dim + a.v_head_dim) * unit::FLOP;
}

}  // namespace isobath
