#include "model/acceptance/survival.h"

#include <algorithm>
#include <cmath>

#include "model/acceptance/beta_mixture.h"

namespace isobath {
namespace {

/// The share of increment-drops d >= 0 in S_i = sum of d_j over j >= i, found by cyclic descent: a drop at j
/// adds min(j, k) to the length at depth k. Convex with at most 16 unknowns, so plain descent converges.
std::vector<double> drops_for(std::span<const double> lengths) {
    const std::size_t n = lengths.size();
    std::vector<double> drop(n, 0), miss(n);
    for (std::size_t k = 0; k < n; ++k) miss[k] = -(lengths[k] - 1) / lengths[k];
    for (int round = 0; round < 200'000; ++round) {
        double moved = 0;
        for (std::size_t j = 0; j < n; ++j) {
            double slope = 0, curve = 0;
            for (std::size_t k = 0; k < n; ++k) {
                const double reach = double(std::min(j, k) + 1) / lengths[k];
                slope += reach * miss[k];
                curve += reach * reach;
            }
            const double step = std::max(-drop[j], -slope / curve);
            drop[j] += step;
            moved = std::max(moved, std::abs(step));
            for (std::size_t k = 0; k < n; ++k) miss[k] += step * double(std::min(j, k) + 1) / lengths[k];
        }
        if (moved < 1e-12) break;
    }
    return drop;
}

double conditional(std::span<const double> survival, std::size_t i) {
    const double before = i == 0 ? 1 : survival[i - 1];
    return before > 0 ? survival[i] / before : 0;
}

/// Conditional chances beyond the last measured depth: what is thought, least and most.
struct Beyond {
    double value, low, high;
};

Beyond beyond(std::span<const double> survival, int position) {
    const std::size_t n = survival.size();
    double most         = 0;
    for (std::size_t i = 0; i < n; ++i) most = std::max(most, conditional(survival, i));
    const double last  = conditional(survival, n - 1);
    const double mixed = n > 1 ? fit_beta(survival).conditional(position) : last;
    const double value = std::min(last, mixed);
    return {value, value / 2, std::max(most, value)};
}

}  // namespace

double tokens_per_step(std::span<const double> survival) {
    double sum = 1;
    for (const double s : survival) sum += s;
    return sum;
}

std::vector<double> lengths_of(std::span<const double> survival) {
    std::vector<double> out;
    double sum = 1;
    for (const double s : survival) out.push_back(sum += s);
    return out;
}

std::vector<double> geometric(double first, int depth) {
    std::vector<double> out;
    for (int i = 1; i <= depth; ++i) out.push_back(std::pow(first, i));
    return out;
}

std::vector<double> monotone(std::span<const double> chances) {
    struct Pool {
        double mean;
        int count;
    };
    std::vector<Pool> pools;
    for (const double c : chances) {
        pools.push_back({c, 1});
        while (pools.size() > 1 && pools[pools.size() - 2].mean < pools.back().mean) {
            const Pool last = pools.back();
            pools.pop_back();
            Pool& into = pools.back();
            into.mean  = (into.mean * into.count + last.mean * last.count) / (into.count + last.count);
            into.count += last.count;
        }
    }
    std::vector<double> out;
    for (const Pool& p : pools)
        out.insert(out.end(), static_cast<std::size_t>(p.count), std::clamp(p.mean, 0.0, 1.0));
    return out;
}

FromLengths survival_from_lengths(std::span<const double> lengths) {
    const std::vector<double> drop = drops_for(lengths);
    FromLengths out;
    out.survival.assign(lengths.size(), 0);
    double sum = 0;
    for (std::size_t i = lengths.size(); i-- > 0;) out.survival[i] = std::min(1.0, sum += drop[i]);
    const std::vector<double> again = lengths_of(out.survival);
    double before                   = 1;
    out.lowest_step                 = lengths.empty() ? 0 : lengths[0] - 1;
    for (std::size_t k = 0; k < lengths.size(); ++k) {
        out.change      = std::max(out.change, std::abs(again[k] / lengths[k] - 1));
        out.lowest_step = std::min(out.lowest_step, lengths[k] - before);
        before          = lengths[k];
    }
    return out;
}

Acceptance with_loss(const Acceptance& curve, const AcceptanceLoss& loss) {
    Acceptance out = curve;
    double f = 1, low = 1, high = 1;
    for (std::size_t i = 0; i < out.survival.size(); ++i) {
        out.survival[i] = std::min(1.0, out.survival[i] * (f *= loss.factor));
        out.low[i]      = std::min(out.survival[i], out.low[i] * (low *= loss.low));
        out.high[i]     = std::min(1.0, std::max(out.survival[i], out.high[i] * (high *= loss.high)));
    }
    return out;
}

Acceptance at_depth(const Acceptance& curve, int depth) {
    Acceptance out = curve;
    const auto n   = static_cast<std::size_t>(std::max(0, depth));
    for (std::size_t i = out.survival.size(); i < n; ++i) {
        if (curve.survival.empty()) break;
        const Beyond c = beyond(curve.survival, static_cast<int>(i) + 1);
        out.survival.push_back(out.survival.back() * c.value);
        out.low.push_back(out.low.back() * c.low);
        out.high.push_back(out.high.back() * c.high);
    }
    for (std::vector<double>* list : {&out.survival, &out.low, &out.high})
        list->resize(std::min(n, list->size()));
    out.measured = std::min(out.measured, depth);
    return out;
}

}  // namespace isobath
