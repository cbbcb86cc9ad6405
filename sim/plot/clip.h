/// Lines cut at the edges of the plot, and thinned to what a pixel can show.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "sim/plot/layout.h"

namespace isobath::plot {

bool inside(const Box&, Point);

/// The part of the segment that lies within the box, if any.
///
/// Source: Y.-D. Liang and B. A. Barsky, "A New Concept and Method for Line Clipping" (1984).
std::optional<std::pair<Point, Point>> clipped(const Box&, Point from, Point to);

/// The pieces of a line that lie within the box. A point that is not finite ends a piece.
std::vector<std::vector<Point>> clipped(const Box&, const std::vector<Point>&);

/// `points` with no more than four kept for each pixel column they run through: first, lowest, highest, last.
std::vector<Point> thinned(const std::vector<Point>& points);

}  // namespace isobath::plot
