/// Fits the constants of one kernel family to measured samples.
#pragma once

#include <span>
#include <vector>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

using Samples = std::vector<KernelSample>;

/// |model / measured - 1| over the rows, from log(model / measured).
///
/// `widening` multiplies the logarithm of the 80 % factor: a fit lies closer to its own rows than to new
/// ones, by sqrt(rows / (rows - constants)) on average.
Residuals residuals_of(std::span<const double> log_errors, double widening = 1);

template <class Constants>
struct FamilyFit {
    Constants constants;
    Residuals residuals;
};

/// Dense and grouped products of one library version: they share the tile loop, so they share every constant
/// but the launch (a grouped kernel first looks up its rows). `grouped` may be empty.
struct GemmFit {
    FamilyFit<GemmConstants> dense, grouped;
};
GemmFit fit_gemm(const GpuSpec& gpu, const Samples& dense, const Samples& grouped, int max_tile_n);

/// MLA decode of several versions of one library: launch and bandwidth are the same, each version has a
/// compute share.
std::vector<FamilyFit<OverlapConstants>> fit_mla_decode(const GpuSpec& gpu,
                                                        const std::vector<Samples>& versions, int query_tile);

/// Compute-bound attention: launch and compute share; `memory` is not felt and taken over.
FamilyFit<OverlapConstants> fit_flash_prefill(const GpuSpec& gpu, const Samples& samples, int query_tile,
                                              Fitted<double> memory);

/// Batched GEMM benchmarks repeat on the same operands: up to four fifths of L2 they run from there, at the
/// share `cached`. `compute` is taken over, because these shapes never come near it.
FamilyFit<OverlapConstants> fit_batched_gemm(const GpuSpec& gpu, const Samples& samples,
                                             Fitted<double> compute);

FamilyFit<OverlapConstants> fit_indexer(const GpuSpec& gpu, const Samples& samples);
FamilyFit<OverlapConstants> fit_streaming(const GpuSpec& gpu, const Samples& samples);

}  // namespace isobath
