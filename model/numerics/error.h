/// How far a computed matrix is from the exact one.
#pragma once

#include "model/numerics/quantise.h"

namespace isobath::numerics {

/// Errors relative to the root mean square of the exact row that each value stands in, so that a sum near
/// zero does not count for infinitely wrong.
struct RelativeError {
    double max = 0, rms = 0;
};

/// `computed` against `exact`, of the same shape. Rows of zeros count only if they are not computed as such.
RelativeError relative_error(const Tensor& exact, const Tensor& computed);

}  // namespace isobath::numerics
