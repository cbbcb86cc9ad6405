#include "profiler/skew.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobath {

std::vector<int> uneven_rows(int experts, std::int64_t rows_per_expert, std::int64_t spread_percent) {
    std::vector<int> out(static_cast<std::size_t>(experts), static_cast<int>(rows_per_expert));
    if (experts < 2) return out;
    const double spread = std::min(100., double(spread_percent)) / 100;
    int stride          = std::max(1, experts * 5 / 8);
    while (std::gcd(stride, experts) != 1) ++stride;
    // Expert i and its mirror image get as much more as less, so that the sum stays.
    for (int i = 0; i < experts / 2; ++i) {
        const double away = spread * (1 - 2. * i / (experts - 1));
        const int more    = static_cast<int>(std::lround(away * double(rows_per_expert)));
        out[static_cast<std::size_t>(i * stride % experts)] += more;
        out[static_cast<std::size_t>((experts - 1 - i) * stride % experts)] -= more;
    }
    return out;
}

}  // namespace isobath
