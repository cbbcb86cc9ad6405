/// What a command line asks to be measured, and by which benches.
#pragma once

#include <string>
#include <vector>

#include "profiler/gpu/bench.h"
#include "profiler/slice.h"

namespace isobath {

/// The points of the standard suites named ("gemm,mla"; empty: all), or of a file of shapes; with a file and
/// suites both, the file's alone. Throws SpecError.
std::vector<Wanted> wanted_points(const std::string& shapes_file, const std::string& suites,
                                  const Device& device);

/// One row for each point and bench that serves it, in order; "isobath" where none does.
std::vector<RowToMeasure> rows_for(const std::vector<Wanted>& points, const std::vector<Bench>& benches);

/// The bench of that implementation for the point; null if there is none.
const Bench* bench_of(const RowToMeasure& row, const std::vector<Bench>& benches);

/// The reason why a row cannot be measured here; empty: it can.
std::string why_not(const RowToMeasure& row, const std::vector<Bench>& benches, const Device& device);

}  // namespace isobath
