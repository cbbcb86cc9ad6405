/// Small shapes that stand for one value.
#pragma once

#include <string>
#include <vector>

#include "sim/plot/layout.h"

namespace isobath::plot {

/// A filled dot, square, triangle or diamond, by `kind`, so that colour is not all that tells series apart.
Shape marker(Point at, std::size_t kind, Colour);

/// A vertical line from `top` to `bottom` with a cap at either end.
void add_whisker(double x, double top, double bottom, Colour, const std::string& tooltip,
                 std::vector<Shape>& out);

}  // namespace isobath::plot
