#include "model/balance/router.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

void require(bool good, const std::string& what) {
    if (!good) throw SpecError(what);
}

/// The time by which top_k of clocks with these rates have rung, in the mean.
double ringing_time(std::span<const double> rates, int top_k) {
    double low = 0, high = 1;
    const auto rung = [&](double time) {
        double sum = 0;
        for (const double rate : rates) sum -= std::expm1(-rate * time);
        return sum;
    };
    while (rung(high) < top_k && high < 1e200) high *= 4;
    for (int i = 0; i < 60; ++i) {
        const double middle                 = (low + high) / 2;
        (rung(middle) < top_k ? low : high) = middle;
    }
    return high;
}

constexpr double kLeast = 1e-9, kMost = 1 - 1e-9;  // chances whose logarithms are kept finite

double rate_of(double chance) {
    return -std::log1p(-std::clamp(chance, kLeast, kMost));
}

/// Weights moved by what the rates lack, the whole of it at first, then less and less.
void correct(std::vector<double>& weights, std::span<const double> wanted, std::span<const double> counted,
             double tokens, double step) {
    for (std::size_t e = 0; e < weights.size(); ++e) {
        const double seen = std::clamp(counted[e], 0.5 / tokens, 1 - 0.5 / tokens);
        weights[e] *= std::pow(rate_of(std::max(wanted[e], 0.1 / tokens)) / rate_of(seen), step);
    }
}

}  // namespace

RouterSpec node_limited(int experts, int top_k, int nodes, int limit, Gating gating) {
    return {experts, top_k, nodes, limit, std::max(1, top_k / std::max(1, limit)), gating};
}

void check_router(const RouterSpec& s) {
    require(s.experts >= 1 && s.groups >= 1 && s.experts % s.groups == 0,
            fmt::format("{} experts in {} groups; expected equal groups", s.experts, s.groups));
    require(s.topk_groups >= 1 && s.topk_groups <= s.groups,
            fmt::format("{} groups of {} kept; expected 1 to {}", s.topk_groups, s.groups, s.groups));
    const int size = s.experts / s.groups;
    require(s.top_k >= 1 && s.top_k <= size * s.topk_groups,
            fmt::format("top_k {}; expected 1 to {}, the experts of the groups kept", s.top_k,
                        size * s.topk_groups));
    require(s.summed >= 1 && s.summed <= size,
            fmt::format("a group score of the best {}; expected 1 to {}", s.summed, size));
}

TokenRouter::TokenRouter(const RouterSpec& spec, std::vector<double> weights)
    : spec_(spec), weights_(std::move(weights)) {
    check_router(spec_);
    require(weights_.size() == std::size_t(spec_.experts),
            fmt::format("{} weights for {} experts; expected one each", weights_.size(), spec_.experts));
    for (const double w : weights_)
        require(w > 0 && w < 1e300, fmt::format("a weight of {}; expected one above 0", w));
    const double level = spec_.top_k < spec_.experts ? ringing_time(weights_, spec_.top_k) : 1;
    for (double& w : weights_) w *= level;
    affinity_.resize(weights_.size());
    open_.resize(weights_.size());
    std::iota(open_.begin(), open_.end(), 0);
}

double TokenRouter::group_score(std::size_t first, std::size_t size) {
    const auto from = affinity_.begin() + std::ptrdiff_t(first);
    if (spec_.summed == 1) return *std::max_element(from, from + std::ptrdiff_t(size));
    best_.assign(from, from + std::ptrdiff_t(size));
    std::partial_sort(best_.begin(), best_.begin() + spec_.summed, best_.end(), std::greater<>());
    return std::accumulate(best_.begin(), best_.begin() + spec_.summed, 0.0);
}

void TokenRouter::keep_groups() {
    const auto groups = std::size_t(spec_.groups), size = weights_.size() / groups;
    group_.resize(groups);
    for (std::size_t g = 0; g < groups; ++g) group_[g] = group_score(g * size, size);
    best_ = group_;
    std::nth_element(best_.begin(), best_.begin() + (spec_.topk_groups - 1), best_.end(), std::greater<>());
    const double least = best_[std::size_t(spec_.topk_groups - 1)];
    open_.clear();
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t i = 0; group_[g] >= least && i < size; ++i) open_.push_back(int(g * size + i));
}

void TokenRouter::draw(Random& random, std::span<int> experts) {
    // exp(log w + Gumbel) = w / Exponential
    for (std::size_t e = 0; e < weights_.size(); ++e) {
        const double odds = weights_[e] / -std::log(draw_uniform(random));
        affinity_[e]      = spec_.gating == Gating::sigmoid ? odds / (1 + odds) : odds;
    }
    if (spec_.topk_groups < spec_.groups) keep_groups();
    std::nth_element(open_.begin(), open_.begin() + (spec_.top_k - 1), open_.end(),
                     [&](int a, int b) { return affinity_[std::size_t(a)] > affinity_[std::size_t(b)]; });
    std::copy_n(open_.begin(), spec_.top_k, experts.begin());
}

std::vector<double> count_inclusion(TokenRouter& router, int tokens, Random& random) {
    std::vector<double> share(router.weights().size());
    std::vector<int> experts(static_cast<std::size_t>(router.spec().top_k));
    for (int t = 0; t < tokens; ++t) {
        router.draw(random, experts);
        for (const int e : experts) share[std::size_t(e)] += 1.0 / tokens;
    }
    return share;
}

TokenRouter calibrated_router(const RouterSpec& spec, std::span<const double> inclusion, Random& random,
                              int rounds, int tokens) {
    std::vector<double> weights;
    for (const double p : inclusion) weights.push_back(rate_of(p));
    TokenRouter router(spec, weights);
    for (int round = 0; round < rounds; ++round) {
        const std::vector<double> counted = count_inclusion(router, tokens, random);
        weights.assign(router.weights().begin(), router.weights().end());
        correct(weights, inclusion, counted, tokens, 1.0 / (1 + round / 2));
        router = TokenRouter(spec, weights);
    }
    return router;
}

}  // namespace isobath
