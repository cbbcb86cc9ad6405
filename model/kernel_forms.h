/// Closed forms of kernel time: a few fitted constants, a shape, and the SMs at hand.
///
/// All have the shape launch + norm(computing, loading): work on tensor cores and traffic to HBM go on at
/// the same time, and hinder each other when they take equally long.
#pragma once

#include <cstdint>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/op.h"

namespace isobath {

/// What the forms need of a GPU, per SM where it divides.
struct Machine {
    FlopsPerSecond flops_per_sm;  ///< data-sheet peak of the format at hand / SMs of the GPU
    BytesPerSecond bandwidth;     ///< data sheet
    int sm_count = 0;             ///< of the whole GPU
    Bytes l2{};                   ///< what a repeated benchmark may find its operands in
};

/// What L2 holds of a kernel's operands when it starts. A step finds nothing there, so predictions are cold;
/// a benchmark that repeats one kernel finds operands that are small enough.
enum class Caches : std::uint8_t { cold, warm };

inline constexpr double kWarmShare = 0.8;  ///< of L2 that repeated operands may fill before they fall out

/// `math` as the GPU's data sheet has it; BF16's peak where the GPU lacks the format.
Machine machine_of(const GpuSpec& gpu, Math math);

/// HBM bandwidth that `sms` SMs can draw. Half of the SMs draw it all; fewer share in proportion.
/// Assumed: an SM that keeps 40 kB in flight over 0.8 us of loaded latency draws 50 GB/s, twice its share of
/// a Hopper's 3.35 TB/s.
BytesPerSecond bandwidth_of(const Machine& machine, int sms);

/// How a GEMM library cuts C[m, n]: as few waves as its widest tile allows, then the narrowest tile
/// (a multiple of 8) that keeps them. DeepGEMM chooses so; others come close.
struct TilePlan {
    int rows    = 128;  ///< height of a tile: 64 where all rows fit, else 128
    int columns = 1;    ///< tiles per row block
    int width   = 0;
};
TilePlan plan_tiles(double row_blocks, int tile_rows, int n, int max_tile_n, int sms);

/// What a form says, and of what the time is made.
struct FormTime {
    Seconds time, launch, compute, memory;
};

/// How a product is cut and how long one of its tiles takes: compute time is waves * tile.
struct Tiling {
    double row_blocks = 0;  ///< over all experts, where there are several; a mean where rows are random
    TilePlan plan;
    double waves = 0;
    Seconds tile;    ///< its fixed part, and per 128 of k the pipeline stage and the multiplications
    int splits = 1;  ///< parts that k is cut into
};
Tiling tiling_of(const GemmConstants& c, const Machine& machine, const Gemm& shape, int sms);
Tiling tiling_of(const GemmConstants& c, const Machine& machine, const GroupedGemm& shape, int sms);

/// Dense product of m rows. Compute-bound time goes with 1 / sms through the number of waves.
FormTime gemm_time(const GemmConstants& c, const Machine& machine, const Gemm& shape, int sms);

/// One product per expert. With row_variance the waves are averaged over the random rows; the tile is
/// chosen for the mean, because the library does not know the rows when it launches.
FormTime grouped_gemm_time(const GemmConstants& c, const Machine& machine, const GroupedGemm& shape, int sms);

/// Operations and bytes that overlap. `flop` has padding in it already.
/// Partial: the parts hinder each other when they take equally long, as in a GEMM. Whole: loading warps run
/// so far ahead of computing warps that the longer part alone shows (attention).
enum class Hiding { partial, whole };
FormTime overlap_time(const OverlapConstants& c, const Machine& machine, Flops flop, Bytes bytes, int sms,
                      Hiding hiding);

/// FLOP with the padding that the kernel's tiles cause.
Flops padded_flop(const MlaDecode& shape, int query_tile);     ///< heads * s_q up to whole tiles
Flops padded_flop(const GqaDecode& shape, int query_tile);     ///< the same per kv head
Flops padded_flop(const FlashPrefill& shape, int query_tile);  ///< tiles on the diagonal are computed whole

}  // namespace isobath
