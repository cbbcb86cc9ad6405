/// Fits a few positive constants to relative errors, so that a short time counts as much as a long one.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace isobath {

/// A positive constant to find within [low, high]; low == high holds it fixed.
struct Parameter {
    double start = 1, low = 0, high = 0;
};

struct LeastSquares {
    std::vector<double> values, low, high;  ///< with 80 % intervals from the curvature, cut at the bounds
    std::vector<double> residuals;          ///< log(model / measured) of every row
};

/// Writes log(model / measured) of each row for these constants.
using LogResiduals = std::function<void(std::span<const double> constants, std::span<double> out)>;

/// Levenberg-Marquardt in the logarithms of the constants, derivatives by differences.
///
/// Residuals beyond `huber` (5 %) count linearly instead of squared, so that a few odd rows of a table
/// do not carry the fit. Deterministic.
LeastSquares fit_least_squares(std::span<const Parameter> parameters, int rows, const LogResiduals& residuals,
                               double huber = 0.05);

}  // namespace isobath
