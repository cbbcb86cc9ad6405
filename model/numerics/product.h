/// Products of matrices on the CPU: exact, and as a precision computes them.
#pragma once

#include "model/numerics/error.h"
#include "model/numerics/tensor_core.h"

namespace isobath::numerics {

/// x (tokens x k) times w (outputs x k), transposed: tokens x outputs, in FP32 by Eigen.
Tensor product(const Tensor& x, const Tensor& w);

/// The same, each sum in the arithmetic of `how`.
Tensor product(const Tensor& x, const Tensor& w, const Accumulation& how);

/// What a GEMM in some formats does to its result.
struct ProductError {
    RelativeError error;
    QuantisationCount activations, weights;
};

/// Both operands quantised, against the exact product of what was given. Sums are in FP32: DeepSeek's kernels
/// promote every 128, and Blackwell's tensor cores add in FP32. See accumulation_error() for those that do
/// not.
ProductError product_error(const Tensor& x, const Tensor& w, Format activations, Format weights);

/// What accumulation alone does: both operands as the E4M3 numbers that a tensor core multiplies, their exact
/// product against the one that is added up as `how` says.
RelativeError accumulation_error(const Tensor& x, const Tensor& w, const Accumulation& how);

}  // namespace isobath::numerics
