#include "model/numerics/product.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "model/numerics/float_format.h"

namespace isobath::numerics {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const Matrix> view(const Tensor& t) {
    return {t.values.data(), static_cast<Eigen::Index>(t.rows), static_cast<Eigen::Index>(t.columns)};
}

/// The E4M3 numbers that a tensor core sees: a scale, multiplied in later, would give products more bits.
Tensor elements_of(Tensor t) {
    float most = 0;
    for (const float v : t.values) most = std::max(most, std::fabs(v));
    for (float& v : t.values) v = rounded(kE4M3, v * (448 / std::max(most, 1e-30f)));
    return t;
}

}  // namespace

Tensor product(const Tensor& x, const Tensor& w) {
    Tensor out(x.rows, w.rows);
    Eigen::Map<Matrix>(out.values.data(), static_cast<Eigen::Index>(out.rows),
                       static_cast<Eigen::Index>(out.columns))
        .noalias() = view(x) * view(w).transpose();
    return out;
}

Tensor product(const Tensor& x, const Tensor& w, const Accumulation& how) {
    if (how.bits == 0) return product(x, w);
    Tensor out(x.rows, w.rows);
    for (std::size_t i = 0; i < x.rows; ++i)
        for (std::size_t j = 0; j < w.rows; ++j) out.at(i, j) = dot(x.row(i), w.row(j), how);
    return out;
}

ProductError product_error(const Tensor& x, const Tensor& w, Format activations, Format weights) {
    Tensor qx = x, qw = w;
    ProductError out;
    out.activations = quantise(qx, activations, Role::activation);
    out.weights     = quantise(qw, weights, Role::weight);
    out.error       = relative_error(product(x, w), product(qx, qw));
    return out;
}

RelativeError accumulation_error(const Tensor& x, const Tensor& w, const Accumulation& how) {
    const Tensor ex = elements_of(x), ew = elements_of(w);
    return relative_error(product(ex, ew), product(ex, ew, how));
}

}  // namespace isobath::numerics
