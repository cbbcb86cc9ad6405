/// Pictures of a report: predicted against published.
#pragma once

#include <span>
#include <vector>

#include "sim/plot/figure.h"
#include "sim/validate/summary.h"

namespace isobath {

/// One per level and kind of quantity (times, rates, bytes) with at least three points, GPU by GPU
/// where there are many: both axes logarithmic, 80 % intervals as bars, a line where both are equal.
/// Levels come in the order of `levels`.
std::vector<plot::Figure> scatter_figures(std::span<const PointResult> results,
                                          std::span<const Group> levels);

}  // namespace isobath
