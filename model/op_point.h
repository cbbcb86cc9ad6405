/// A kernel of the model in the words of a measurement.
#pragma once

#include <optional>

#include "hw/kernel_point.h"
#include "model/layer.h"

namespace isobath {

/// The shape that a profiler should measure for `op`; nothing where no measurement of the kind exists (fused
/// experts, GQA, the indexer, small kernels without one of their own).
///
/// Rows are rounded up to whole ones. Rows of experts vary at random in the model and uniformly in a
/// measurement: the spread is chosen for equal variance, (2 spread mean)^2 / 12, and at most 100 %.
std::optional<KernelPoint> point_of(const LayerOp& op, const Batch& batch, const ModelSpec& model);

}  // namespace isobath
