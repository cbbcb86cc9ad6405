#include "model/acceptance/beta_mixture.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

constexpr double kAlike = 1e6;  ///< a + b from which contexts no longer differ

BetaMixture of(double mean, double size) {
    return {mean * size, (1 - mean) * size};
}

double misfit(const BetaMixture& beta, std::span<const double> survival) {
    double sum = 0, s = 1;
    for (std::size_t i = 0; i < survival.size(); ++i) {
        s *= beta.conditional(static_cast<int>(i) + 1);
        sum += (s - survival[i]) * (s - survival[i]);
    }
    return sum;
}

double logistic(double t) {
    return 1 / (1 + std::exp(-t));
}

/// The best point of a 21 x 21 grid around (mean, log size), then of finer ones around the best.
struct Search {
    double mean = 0.5, log_size = 4, mean_reach = 0.5, size_reach = 10;

    void refine(std::span<const double> survival) {
        const double m0 = mean, n0 = log_size;
        double best = -1;
        for (int i = -10; i <= 10; ++i)
            for (int j = -10; j <= 10; ++j) {
                const double m = std::clamp(m0 + mean_reach * i / 10, 1e-6, 1 - 1e-6);
                const double n = std::clamp(n0 + size_reach * j / 10, std::log(1e-2), std::log(kAlike));
                const double e = misfit(of(m, std::exp(n)), survival);
                if (best >= 0 && e >= best) continue;
                best     = e;
                mean     = m;
                log_size = n;
            }
        mean_reach *= 0.4;
        size_reach *= 0.4;
    }
};

}  // namespace

double BetaMixture::survival(int depth) const {
    double s = 1;
    for (int i = 1; i <= depth; ++i) s *= conditional(i);
    return s;
}

double BetaMixture::conditional(int position) const {
    return (a + position - 1) / (a + b + position - 1);
}

BetaMixture beta_of_moments(double first, double second) {
    const double m = std::clamp(first, 1e-9, 1 - 1e-9), r = second / m;
    if (r <= m) return of(m, kAlike);
    if (r >= 1) return of(m, 1e-2);
    return of(m, std::clamp((1 - r) / (r - m), 1e-2, kAlike));
}

BetaMixture fit_beta(std::span<const double> survival) {
    Search search;
    for (int round = 0; round < 24; ++round) search.refine(survival);
    return of(search.mean, std::exp(search.log_size));
}

/// Integrates x^a (1 - x)^b dt over t = logit(x), where the density has no poles.
std::vector<double> slices(const BetaMixture& beta, int count) {
    constexpr int kSteps = 8192;
    const double centre = std::log(beta.a / beta.b), width = std::sqrt(1 / beta.a + 1 / beta.b);
    const double left = std::max(10 * width, 40 / beta.a), right = std::max(10 * width, 40 / beta.b);
    std::vector<double> weight(kSteps), x(kSteps);
    const double top = beta.a * std::log(beta.mean()) + beta.b * std::log1p(-beta.mean());
    double sum       = 0;
    for (std::size_t i = 0; i < kSteps; ++i) {
        const double t            = centre - left + (left + right) * (double(i) + 0.5) / kSteps;
        x[i]                      = logistic(t);
        const double log_one_less = -std::log1p(std::exp(std::min(t, 700.0)));
        const double log_x        = -std::log1p(std::exp(std::min(-t, 700.0)));
        sum += weight[i]          = std::exp(beta.a * log_x + beta.b * log_one_less - top);
    }
    std::vector<double> out(static_cast<std::size_t>(count), 0);
    double passed = 0;
    for (std::size_t i = 0; i < kSteps; ++i) {  // a step may lie across slices
        double left_here = weight[i] / sum * count;
        while (left_here > 0) {
            const auto slice  = std::min(out.size() - 1, static_cast<std::size_t>(passed));
            const double room = slice + 1 == out.size() ? left_here : double(slice + 1) - passed;
            const double part = std::min(left_here, std::max(room, 1e-15));
            out[slice] += part * x[i];
            passed += part;
            left_here -= part;
        }
    }
    return out;
}

}  // namespace isobath
