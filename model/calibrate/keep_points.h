/// Measured points that a calibration keeps, so that shapes on their grid need no fit.
#pragma once

#include <span>

#include "hw/calibration.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

/// Gives every implementation of a GEMM or MLA decode family the rows of its tables as points: site (n, k)
/// over m, and site (heads) over batch and cached tokens. Rows that were held back from the fit are kept too.
void keep_points(Calibration& calibration, std::span<const KernelTable> tables);

/// `base` with a few measured rows laid over it: every implementation in `tables` that a family of `base`
/// does not know takes the constants of the family's default, marked assumed, keeps its rows as points and, a
/// library's, becomes the default. Families without one, and kernels without a grid, stay as they are.
void lay_points_over(Calibration& base, std::span<const KernelTable> tables);

/// `base` with every implementation of `fitted` added, or put in place of its namesake; a family's default is
/// `fitted`'s where that has one.
void lay_over(Calibration& base, const Calibration& fitted);

}  // namespace isobath
