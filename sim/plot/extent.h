/// What an axis must show, from the marks and the wishes of the Axis.
#pragma once

#include <string>
#include <vector>

#include "sim/plot/figure.h"

namespace isobath::plot {

struct Extent {
    double low = 0, high = 1;  ///< low < high; positive on a log axis
    bool widen_low = false, widen_high = false;
};

/// The span of the axis (the vertical one, or the horizontal) over all marks, with a little air where the
/// marks need it. Zero is in a linear vertical axis if bars stand on it or the data come near it (low < 0.35
/// high).
Extent extent_of(const Figure&, bool vertical);

/// The names along an axis: Axis::categories, or the rows of a Gantt; empty if it has numbers.
std::vector<std::string> categories_of(const Figure&, bool vertical);

/// The one mark of its kind in the figure, or null.
template <class T>
const T* find(const Figure& figure) {
    for (const Mark& mark : figure.marks)
        if (const T* found = std::get_if<T>(&mark)) return found;
    return nullptr;
}

}  // namespace isobath::plot
