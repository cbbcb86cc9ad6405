#include "profiler/statistics.h"

#include <cmath>

#include "hw/quantile.h"

namespace isobath {

Seconds Statistics::median() const {
    return Seconds{quantile(samples_, 0.5)};
}

double Statistics::spread() const {
    const double middle = quantile(samples_, 0.5);
    return middle > 0 ? (quantile(samples_, 0.75) - quantile(samples_, 0.25)) / middle : 0;
}

double Statistics::noise() const {
    if (count() < 2) return 1;
    // Of normal samples the quartiles lie 1.349 deviations apart, and the median of n of them deviates by
    // sqrt(pi / 2 / n) deviations.
    return 1.2533 / 1.349 * spread() / std::sqrt(double(count()));
}

}  // namespace isobath
