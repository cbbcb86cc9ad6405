/// A kernel's dimensions with their origins, and the least it must do.
#pragma once

#include "sim/explain/study.h"

namespace isobath {

/// Adds the dimensions and the number format to the inputs.
void add_shape(const LayerOp& op, const Study& study, Explanation& e);

/// Adds FLOP, bytes and intensity to the steps; `padded` is what the kernel's tiles make of the FLOP.
void add_work(const Op& op, Flops padded, Explanation& e);

}  // namespace isobath
