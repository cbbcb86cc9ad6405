#include "profiler/skew.h"

#include <algorithm>
#include <numeric>

#include "tests/catch.h"

using namespace isobath;

TEST_CASE("skew: no spread is the same for all, and one expert has nobody to differ from", "[profiler]") {
    CHECK(uneven_rows(4, 100, 0) == std::vector<int>{100, 100, 100, 100});
    CHECK(uneven_rows(1, 100, 50) == std::vector<int>{100});
}

TEST_CASE("skew: counts reach from (1 - spread) to (1 + spread) and keep their sum", "[profiler]") {
    for (const int experts : {2, 5, 8, 32})
        for (const std::int64_t rows : {1, 4, 100, 1000})
            for (const std::int64_t spread : {0, 50, 100}) {
                const auto counts = uneven_rows(experts, rows, spread);
                CHECK(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) == experts * rows);
                CHECK(*std::min_element(counts.begin(), counts.end()) >= 0);
            }
    const auto counts = uneven_rows(5, 100, 50);  // 150 125 100 75 50, in some order
    auto sorted       = counts;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == std::vector<int>{50, 75, 100, 125, 150});
    CHECK(counts != sorted);
}
