/// From part files to one SQLite file: a row a point, ordered by number, the same bytes however the work was
/// shared out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/sweep/results.h"

namespace isobath::sweep {

/// Writes `file` through a neighbour that takes its place when it is whole. Tables: `points` (typed columns,
/// one for each axis and each kept key, `excluded` with the reason), `columns`, `provenance`. Views:
/// `results` (points that can be), `reasons`, `pareto` (none better in both goals), "best by AXIS".
///
/// Where points are missing it writes nothing, unless `partial`, and the tally says how many. Throws
/// SpecError where the file cannot be written.
Tally merge(const Sweep& sweep, const Space& space, const std::vector<std::filesystem::path>& folders,
            const std::string& file, bool partial = false);

/// The SQL of tables, indexes and views.
std::string tables_of(const Sweep& sweep);
std::string indexes_of(const Sweep& sweep);
std::string views_of(const Sweep& sweep);

/// Names of the columns of `points` for the axes, in the order of dimensions; of the kept keys.
std::vector<std::string> axis_names(const Sweep& sweep);
std::vector<std::string> result_names(const Sweep& sweep);

}  // namespace isobath::sweep
