#include "hw/quantile.h"

#include <algorithm>
#include <cstddef>

namespace isobath {

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double at        = share * double(values.size() - 1);
    const std::size_t left = static_cast<std::size_t>(at), right = std::min(left + 1, values.size() - 1);
    return values[left] + (at - double(left)) * (values[right] - values[left]);
}

}  // namespace isobath
