/// How far drawn numbers are from the law they are said to follow.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace isobath::test {

/// Kolmogorov's statistic sqrt(n) * D. Of numbers that do follow the law it is above 1.95 once in 1000 times,
/// as the chance is 2 exp(-2 * 1.95^2) = 0.001.
template <class Cumulative>
double kolmogorov(std::vector<double> drawn, Cumulative cumulative) {
    std::sort(drawn.begin(), drawn.end());
    const auto n    = static_cast<double>(drawn.size());
    double distance = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        const double f = cumulative(drawn[i]), rank = static_cast<double>(i);
        distance = std::max({distance, f - rank / n, (rank + 1) / n - f});
    }
    return std::sqrt(n) * distance;
}

struct Moments {
    double mean = 0, variance = 0;
};

inline Moments moments(const std::vector<double>& drawn) {
    Moments m;
    for (const double x : drawn) m.mean += x / static_cast<double>(drawn.size());
    for (const double x : drawn)
        m.variance += (x - m.mean) * (x - m.mean) / static_cast<double>(drawn.size());
    return m;
}

}  // namespace isobath::test
