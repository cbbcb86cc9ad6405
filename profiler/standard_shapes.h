/// What to measure on a GPU for models like DeepSeek-V3, and in which order: what unlocks the rest comes
/// first.
#pragma once

#include <string>
#include <vector>

#include "profiler/slice.h"

namespace isobath {

struct ShapeLimits {
    Bytes memory;            ///< of the device; points that need more than 70 % of it are left out
    bool blackwell = false;  ///< MXFP8 and NVFP4 products too
};

/// One suite: its name on the command line, what it is for, and its points in order.
struct Suite {
    std::string name, title;
    std::vector<Wanted> points;
};

/// ceilings, gemm, expert, mla, partition, comm, in this order. Within a suite coarse grids come before the
/// points that refine them, so that a run cut short still covers the range.
std::vector<Suite> standard_shapes(const ShapeLimits& limits);

/// The names of those suites.
std::vector<std::string> suite_names();

}  // namespace isobath
