/// Several Figures in one picture, row by row.
#pragma once

#include <span>
#include <string>

#include "sim/plot/figure.h"
#include "sim/plot/layout.h"

namespace isobath::plot {

/// An SVG of all figures, `columns` to a row, each as large as `panel`. Of one figure it is that figure
/// alone.
std::string grid_svg(std::span<const Figure> figures, int columns, Size panel, bool dark = false);

}  // namespace isobath::plot
