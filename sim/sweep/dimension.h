/// Fields that are varied together, row by row: one axis, a zip of several, or a sample of a box.
#pragma once

#include <vector>

#include "sim/sweep/axis.h"

namespace isobath::sweep {

struct Dimension {
    std::vector<Axis> axes;  ///< all of one size

    std::size_t rows() const { return axes.front().size(); }
};

/// Reads one entry of "axes": an axis, {"zip": [axis, ...]}, or
/// {"sample": "sobol" | "latin-hypercube", "count": N, "seed": S, "of": [...]} of axes with "values", or
/// "from" and "to" ("log": true, "whole": true).
///
/// Throws SpecError naming the place.
Dimension read_dimension(SpecReader& in, const DataFiles& data);

}  // namespace isobath::sweep
