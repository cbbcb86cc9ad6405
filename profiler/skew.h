/// How many rows each expert gets in a measurement of uneven experts.
#pragma once

#include <cstdint>
#include <vector>

namespace isobath {

/// `experts` counts, evenly spread from (1 - spread) to (1 + spread) times `rows_per_expert` and in an order
/// that is not sorted; together exactly experts * rows_per_expert, and none is negative. `spread_percent` up
/// to 100.
std::vector<int> uneven_rows(int experts, std::int64_t rows_per_expert, std::int64_t spread_percent);

}  // namespace isobath
