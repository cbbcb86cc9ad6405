/// Products of libraries that pipeline their loads and split k: launch + max + shows * min of computing and
/// loading, over PipelineConstants.
///
/// A pipeline stage of 128 of k takes as long as its multiplications, and at least `step`: small products
/// wait for memory's latency, large ones for the tensor cores. A product of few tiles is split along k where
/// that pays. From 256 rows on power holds the clock down, wholly from 2048 on.
#pragma once

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/kernel_forms.h"

namespace isobath {

/// The tiles of a product (a dense one has batch 1) and the split along k that takes the least time. `waves`
/// counts the parts; compute time is waves * tile and, where k is split, the pass that adds up the parts.
Tiling pipelined_tiling(const GemmConstants& c, const Machine& machine, const BatchedGemm& shape, int sms);

/// The product alone, operands in HBM.
FormTime pipelined_time(const GemmConstants& c, const Machine& machine, const BatchedGemm& shape, int sms);

/// What benchmarks time: the product with its quantise kernel, operands in L2 while they fill less than
/// kWarmShare of it and the family's `cached` is known.
Seconds benchmark_time(const GemmConstants& c, const GpuSpec& gpu, const BatchedGemm& shape);

/// Quantising the left operand; nothing where the family does not.
Seconds quantise_time(const GemmConstants& c, const Machine& machine, const BatchedGemm& shape);

}  // namespace isobath
