#include "model/calibrate/moe_routing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr int kGroups = 8, kKept = 4;  ///< DeepSeek-V3's gate

/// In [0, 1), the same with every library.
double uniform(std::mt19937_64& random) {
    return double(random() >> 11) * 0x1p-53;
}

/// Experts of every token: top_k per token, one token after another.
using Choices = std::vector<int>;

Choices balanced(const MoeTraffic& t) {
    const int apart = (t.experts + t.top_k - 1) / t.top_k;
    Choices out;
    for (int token = 0; token < t.tokens; ++token)
        for (int k = 0; k < t.top_k; ++k) {
            const int first = t.tokens >= apart ? token : int(double(token) * apart / t.tokens);
            out.push_back((first + k * apart) % t.experts);
        }
    return out;
}

/// Adds `step` to one expert of each rank in turn, the emptiest (step 1) or fullest, until `left` are placed.
void adjust(ExpertLoads& loads, int ep, int left, int step, int bound) {
    const auto size = std::ptrdiff_t(loads.size()) / ep;
    for (bool moved = true; left > 0 && moved;) {
        moved = false;
        for (auto rank = loads.begin(); rank != loads.end() && left > 0; rank += size) {
            const auto at =
                step > 0 ? std::min_element(rank, rank + size) : std::max_element(rank, rank + size);
            if (step > 0 ? *at >= bound : *at <= 0) continue;
            *at += step;
            --left;
            moved = true;
        }
    }
}

std::vector<double> power_law(int experts, double alpha, double low, double high, std::mt19937_64& random) {
    const double from = std::pow(low, 1 - alpha), to = std::pow(high, 1 - alpha);
    std::vector<double> out;
    for (int i = 0; i < experts; ++i)
        out.push_back(std::pow((to - from) * uniform(random) + from, 1 / (1 - alpha)));
    return out;
}

/// The fullest rank's experts become the first, as the benchmark has it.
void put_fullest_first(ExpertLoads& loads, int ep) {
    const auto size = std::ptrdiff_t(loads.size()) / ep;
    auto fullest    = loads.begin();
    for (auto rank = loads.begin(); rank != loads.end(); rank += size)
        if (std::accumulate(rank, rank + size, 0) > std::accumulate(fullest, fullest + size, 0))
            fullest = rank;
    if (fullest != loads.begin()) std::swap_ranges(loads.begin(), loads.begin() + size, fullest);
}

ExpertLoads draw(const MoeTraffic& t, double alpha, std::mt19937_64& random) {
    const int pairs  = t.tokens * t.top_k;
    const bool many  = pairs > t.experts;
    const auto drawn = power_law(t.experts, alpha, many ? 1 : 0.01, many ? 0.8 * t.tokens : 2, random);
    const double all = std::accumulate(drawn.begin(), drawn.end(), 0.0);
    ExpertLoads loads;
    int over = 0;
    for (const double x : drawn) {
        const int rows = int(std::nearbyint(x / all * pairs));
        over += std::max(0, rows - t.tokens);
        loads.push_back(std::min(rows, t.tokens));
    }
    adjust(loads, t.ep, over, 1, t.tokens);
    const int missing = pairs - std::accumulate(loads.begin(), loads.end(), 0);
    adjust(loads, t.ep, std::abs(missing), missing > 0 ? 1 : -1, t.tokens);
    put_fullest_first(loads, t.ep);
    return loads;
}

/// Gives tokens experts so that each expert has its load: the fullest first, down one column of top_k after
/// the other.
Choices choices_of(const ExpertLoads& loads, const MoeTraffic& t) {
    std::vector<int> order(loads.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return loads[std::size_t(a)] > loads[std::size_t(b)]; });
    std::vector<int> flat;
    for (const int expert : order) flat.insert(flat.end(), std::size_t(loads[std::size_t(expert)]), expert);
    Choices out;
    for (int token = 0; token < t.tokens; ++token)
        for (int k = 0; k < t.top_k; ++k) out.push_back(flat[std::size_t(k * t.tokens + token)]);
    return out;
}

/// Which groups one token keeps: those with the most of its experts, two counting as many as more.
std::array<bool, kGroups> kept_groups(const int* chosen, const MoeTraffic& t) {
    std::array<int, kGroups> score{}, order{};
    for (int k = 0; k < t.top_k; ++k) ++score[std::size_t(chosen[k] * kGroups / t.experts)];
    for (int& s : score) s = std::min(s, 2);  // a group's score is the sum of its best two
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return score[std::size_t(a)] > score[std::size_t(b)]; });
    std::array<bool, kGroups> kept{};
    for (std::size_t i = 0; i < kKept; ++i) kept[std::size_t(order[i])] = true;
    return kept;
}

/// What DeepSeek-V3's gate makes of one token's experts: those in kept groups, the rest filled up from below.
void limit(const int* chosen, const MoeTraffic& t, ExpertLoads& loads) {
    const auto kept = kept_groups(chosen, t);
    std::vector<bool> taken(std::size_t(t.experts), false);
    int left        = t.top_k;
    const auto take = [&](int expert) {
        if (left == 0 || taken[std::size_t(expert)] || !kept[std::size_t(expert * kGroups / t.experts)])
            return;
        taken[std::size_t(expert)] = true;
        ++loads[std::size_t(expert)];
        --left;
    };
    for (int k = 0; k < t.top_k; ++k) take(chosen[k]);
    for (int expert = 0; expert < t.experts && left > 0; ++expert) take(expert);
}

ExpertLoads count(const Choices& choices, const MoeTraffic& t) {
    ExpertLoads loads(std::size_t(t.experts), 0);
    if (!t.group_limited)
        for (const int expert : choices) ++loads[std::size_t(expert)];
    else
        for (std::size_t i = 0; i < choices.size(); i += std::size_t(t.top_k)) limit(&choices[i], t, loads);
    return loads;
}

ExpertLoads first_rank(ExpertLoads loads, int ep) {
    loads.resize(loads.size() / std::size_t(ep));
    return loads;
}

ExpertLoads uniform_loads(const MoeTraffic& t) {
    const int local = t.experts / t.ep, each = t.tokens * t.top_k / t.experts;
    ExpertLoads loads(std::size_t(local), each);
    if (each == 0) std::fill_n(loads.begin(), std::min(local, t.tokens / t.ep * t.top_k), 1);
    return loads;
}

double alpha_of(const std::string& distribution) {
    constexpr std::string_view kind = "power_law_";
    if (!distribution.starts_with(kind))
        throw SpecError("distribution \"" + distribution + "\"; allowed: balanced, uniform, power_law_ALPHA");
    return std::stod(distribution.substr(kind.size()));
}

}  // namespace

std::vector<ExpertLoads> loads_of(const MoeTraffic& t, int draws) {
    if (t.distribution == "uniform") return {uniform_loads(t)};
    if (t.distribution == "balanced") return {first_rank(count(balanced(t), t), t.ep)};
    const double alpha = alpha_of(t.distribution);
    std::mt19937_64 random(1234);
    std::vector<ExpertLoads> out;
    for (int i = 0; i < draws; ++i) {
        const ExpertLoads loads = draw(t, alpha, random);
        out.push_back(first_rank(t.group_limited ? count(choices_of(loads, t), t) : loads, t.ep));
    }
    return out;
}

LoadSummary summary_of(const std::vector<ExpertLoads>& draws) {
    LoadSummary out;
    for (const ExpertLoads& loads : draws) {
        const double rows   = std::accumulate(loads.begin(), loads.end(), 0.0);
        const double square = std::inner_product(loads.begin(), loads.end(), loads.begin(), 0.0);
        const double active = double(loads.size()) - double(std::count(loads.begin(), loads.end(), 0));
        out.rows += rows / double(draws.size());
        out.active += active / double(draws.size());
        if (active > 0) out.variance += (square - rows * rows / active) / active / double(draws.size());
    }
    return out;
}

}  // namespace isobath
