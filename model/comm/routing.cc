#include "model/comm/routing.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isobath {
namespace {

/// Probability that `draws` distinct picks from `all` miss a block of `block`; `block` may be fractional.
double miss(double all, double block, int draws) {
    double p = 1;
    for (int i = 0; i < draws; ++i) p *= std::max(0.0, (all - block - i) / (all - i));
    return p;
}

/// State of the sequential draw: d groups seen, n experts drawn from one group that we follow.
class GroupDraw {
  public:
    /// Experts come in the order of their score. Up to the `limit`-th group seen, every one is taken, for the
    /// first `limit` groups to appear are the chosen ones; after it only those of the groups seen are.
    GroupDraw(int groups, int limit, int size, int draws, std::vector<double>& storage)
        : groups_(groups), limit_(limit), size_(size), width_(draws + 1), p_(storage) {
        p_.assign(std::size_t(limit + 1) * std::size_t(width_), 0);
        at(0, 0) = 1;
        for (int i = 0; i < draws; ++i) step(i);
    }

    double probability(int seen, int followed) const {
        return p_[std::size_t(seen) * std::size_t(width_) + std::size_t(followed)];
    }

  private:
    double& at(int seen, int followed) {
        return p_[std::size_t(seen) * std::size_t(width_) + std::size_t(followed)];
    }

    /// A draw only adds groups and experts, so from the top down every state is left before it is entered.
    void step(int drawn) {
        for (int d = std::min(drawn, limit_); d >= 0; --d)
            for (int n = drawn; n >= 0; --n)
                if (probability(d, n) > 0) spread(drawn, d, n);
    }

    void spread(int drawn, int d, int n) {
        const bool open     = d < limit_;
        const double share  = probability(d, n) / ((open ? groups_ : limit_) * size_ - drawn);
        const int seen      = n > 0 ? 1 : 0;  // the followed group among the d
        const double others = (d - seen) * size_ - (drawn - n);
        at(d, n)            = share * std::max(0.0, others);
        if (seen && n < size_) at(d, n + 1) += share * (size_ - n);
        if (!open) return;
        if (!seen) at(d + 1, 1) += share * size_;
        at(d + 1, n) += share * (groups_ - d - (1 - seen)) * size_;
    }

    int groups_, limit_, size_, width_;
    std::vector<double>& p_;
};

/// Ordered pairs of a token's experts in one group, expected.
double pairs_in_group(const GateSpread& spread) {
    double pairs = 0;
    for (std::size_t n = 2; n < spread.groups_holding.size(); ++n)
        pairs += spread.groups_holding[n] * double(n) * double(n - 1);
    return pairs;
}

enum class Nesting { no_limit, units_in_group, groups_in_unit, apart };

Nesting nesting(const Gate& gate, int units) {
    if (gate.groups == 1 || gate.topk_groups == gate.groups) return Nesting::no_limit;
    if (units % gate.groups == 0) return Nesting::units_in_group;
    return gate.groups % units == 0 ? Nesting::groups_in_unit : Nesting::apart;
}

double pairs_in_unit(const Gate& gate, const GateSpread& spread, int units) {
    const double size = double(gate.experts) / gate.groups, unit = double(gate.experts) / units;
    const double all = double(gate.top_k) * (gate.top_k - 1), together = pairs_in_group(spread);
    switch (nesting(gate, units)) {
        // Experts of a group are alike, so a pair of a group shares a rank by chance alone; so do groups.
        case Nesting::units_in_group: return size > 1 ? together * (unit - 1) / (size - 1) : 0;
        case Nesting::groups_in_unit:
            return together + (all - together) * (double(gate.groups) / units - 1) / (gate.groups - 1);
        default: return gate.experts > 1 ? all * (unit - 1) / (gate.experts - 1) : 0;
    }
}

double normal_below(double x) {
    return 0.5 * std::erfc(-x * 0.70710678118654752);
}

constexpr int kPlaces   = 200;  // of the integral below; 400 change no digit in 1e-13
constexpr double kReach = 9;
using Places            = std::array<double, kPlaces>;

/// Phi in the middle of each step from -kReach to kReach.
Places places_below() {
    Places below;
    for (int i = 0; i < kPlaces; ++i)
        below[std::size_t(i)] = normal_below(kReach * ((2 * i + 1.0) / kPlaces - 1));
    return below;
}

}  // namespace

void find_spread(const Gate& gate, GateSpread& spread) {
    const int limit = std::min(gate.topk_groups, gate.groups);
    const int open  = gate.choice == GroupChoice::random ? limit : gate.groups;
    const GroupDraw draw(open, limit, gate.experts / gate.groups, gate.top_k, spread.states);
    spread.groups_hit.assign(std::size_t(limit + 1), 0);
    spread.groups_holding.assign(std::size_t(gate.top_k + 1), 0);
    for (int d = 0; d <= limit; ++d)
        for (int n = 0; n <= gate.top_k; ++n) {
            spread.groups_hit[std::size_t(d)] += draw.probability(d, n);
            spread.groups_holding[std::size_t(n)] += open * draw.probability(d, n);
        }
    spread.groups_holding[0] += gate.groups - open;
}

GateSpread spread_of(const Gate& gate) {
    GateSpread spread;
    find_spread(gate, spread);
    return spread;
}

double distinct_units(const Gate& gate, const GateSpread& spread, int units) {
    const double size = double(gate.experts) / gate.groups, unit = double(gate.experts) / units;
    double distinct = 0;
    switch (nesting(gate, units)) {
        case Nesting::units_in_group:
            for (std::size_t n = 1; n < spread.groups_holding.size(); ++n)
                distinct += spread.groups_holding[n] * size / unit * (1 - miss(size, unit, int(n)));
            return distinct;
        case Nesting::groups_in_unit:
            for (std::size_t d = 1; d < spread.groups_hit.size(); ++d)
                distinct += spread.groups_hit[d] * units *
                            (1 - miss(gate.groups, double(gate.groups) / units, int(d)));
            return distinct;
        default: return units * (1 - miss(gate.experts, unit, gate.top_k));
    }
}

double variance_per_unit(const Gate& gate, const GateSpread& spread, int units) {
    const double mean = double(gate.top_k) / units;
    return std::max(0.0, pairs_in_unit(gate, spread, units) / units + mean - mean * mean);
}

double expected_max_of_normals(int n) {
    static const Places below = places_below();
    Places power, square = below;
    power.fill(1);
    for (int bits = n; bits > 0; bits >>= 1) {
        for (std::size_t i = 0; (bits & 1) && i < power.size(); ++i) power[i] *= square[i];
        for (double& s : square) s *= s;
    }
    double sum = 0;
    for (const double p : power) sum += 1 - p;
    return kReach * (2 * sum / kPlaces - 1);
}

}  // namespace isobath
