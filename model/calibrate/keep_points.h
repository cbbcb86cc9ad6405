/// Measured points that a calibration keeps, so that shapes on their grid need no fit.
#pragma once

#include <span>

#include "hw/calibration.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

/// Gives every implementation of a GEMM or MLA decode family the rows of its tables as points: site (n, k)
/// over m, and site (heads) over batch and cached tokens. Rows that were held back from the fit are kept too.
void keep_points(Calibration& calibration, std::span<const KernelTable> tables);

}  // namespace isobath
