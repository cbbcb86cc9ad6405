#include "model/acceptance/allocation.h"

#include <algorithm>
#include <cmath>

#include "model/acceptance/beta_mixture.h"

namespace isobath {
namespace {

/// What position takes beyond the mixture, S_i / E[alpha^i]; empty if it would rise.
std::vector<double> position_factors(std::span<const double> survival, std::span<const double> alpha) {
    std::vector<double> power(alpha.size(), 1), out;
    double last = 1 + 1e-12;
    for (const double s : survival) {
        double mean = 0;
        for (std::size_t r = 0; r < alpha.size(); ++r) mean += power[r] *= alpha[r];
        mean /= double(alpha.size());
        const double factor = mean > 0 ? s / mean : 0;
        if (factor > last) return {};
        out.push_back(last = factor);
    }
    return out;
}

double straight(std::span<const double> times, double k) {
    const auto i = std::min(times.size() - 2, static_cast<std::size_t>(k));
    return times[i] + (k - double(i)) * (times[i + 1] - times[i]);
}

}  // namespace

ContextCurves spread_contexts(std::span<const double> survival, double size, int contexts) {
    ContextCurves out;
    out.contexts = contexts;
    out.depth    = static_cast<int>(survival.size());
    if (survival.empty()) return out;
    const double mean = std::clamp(survival[0], 1e-6, 1 - 1e-6);
    std::vector<double> alpha, factors;
    for (out.dispersion = size; factors.empty() && out.dispersion > 1e-3; out.dispersion /= 2) {
        alpha   = slices({mean * out.dispersion, (1 - mean) * out.dispersion}, contexts);
        factors = position_factors(survival, alpha);
    }
    out.dispersion *= 2;
    for (const double a : alpha) {
        double power = 1;
        for (std::size_t i = 0; i < survival.size(); ++i)
            out.survival.push_back((power *= a) * (factors.empty() ? 1 : factors[i]));
    }
    out.sorted = out.survival;
    std::sort(out.sorted.begin(), out.sorted.end(), std::greater<>());
    return out;
}

DraftLoad always(const ContextCurves& c) {
    DraftLoad load{double(c.depth), 0, double(c.depth)};
    for (const double s : c.survival) load.accepted += s / c.contexts;
    return load;
}

DraftLoad static_threshold(const ContextCurves& c, double tau, double requests) {
    DraftLoad load;
    for (int i = 1; i <= c.depth; ++i) {
        int goes_on = 0, kept = 0;  // contexts that draft at this depth; that verify what they drafted
        for (int r = 0; r < c.contexts; ++r) {
            goes_on += i == 1 || c.at(r, i - 1) >= tau;
            if (c.at(r, i) < tau) continue;
            ++kept;
            load.accepted += c.at(r, i) / c.contexts;
        }
        load.verified += double(kept) / c.contexts;
        load.passes += 1 - std::pow(1 - double(goes_on) / c.contexts, requests);
    }
    return load;
}

DraftLoad adaptive(const ContextCurves& c, const std::function<double(int)>& time) {
    DraftLoad best{0, 0, double(c.depth)};
    if (c.depth == 0) return best;
    std::vector<double> times;
    for (int k = 0; k <= c.depth; ++k) times.push_back(time(k));
    double most = 1 / times[0], accepted = 0;
    for (std::size_t i = 0; i < c.sorted.size(); ++i) {
        accepted += c.sorted[i] / c.contexts;
        const double verified = double(i + 1) / c.contexts;
        const double rate     = (1 + accepted) / straight(times, verified);
        if (rate <= most) continue;
        most = rate;
        best = {verified, accepted, double(c.depth)};
    }
    return best;
}

}  // namespace isobath
