#include "sim/popularity.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/balance/popularity_law.h"

namespace isobath {
namespace {

constexpr int kPerOctave = 4, kOctaves = 24;

/// Inverse of the standard normal's distribution function, by bisection of erfc.
double normal_quantile(double p) {
    double low = -9, high = 9;
    for (int i = 0; i < 60; ++i) {
        const double middle                                          = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
    }
    return (low + high) / 2;
}

/// Chances that one token chooses each expert: they sum to top_k, and none is above 1.
std::vector<double> chances(const Popularity& popularity, int experts, int top_k) {
    std::vector<double> p(static_cast<std::size_t>(experts));
    for (int i = 0; i < experts; ++i)
        p[static_cast<std::size_t>(i)] = std::exp(popularity.sigma * normal_quantile((i + 0.5) / experts));
    return inclusion_probabilities(p, top_k);
}

}  // namespace

bool parse_popularity(std::string_view text, Popularity& out) {
    constexpr std::string_view kind = "lognormal:";
    if (text == "uniform") {
        out = {};
        return true;
    }
    if (!text.starts_with(kind)) return false;
    const std::string_view number = text.substr(kind.size());
    const auto [end, error]       = std::from_chars(number.data(), number.data() + number.size(), out.sigma);
    return error == std::errc() && end == number.data() + number.size() && out.sigma >= 0 && out.sigma <= 3;
}

ExpertDraw::ExpertDraw(const Popularity& popularity, int experts, int top_k) {
    const std::vector<double> p = chances(popularity, experts, top_k);
    const double mean           = double(top_k) / experts;
    for (const double x : p) {
        variation_ += (x / mean - 1) * (x / mean - 1) / experts;
    }
    for (int i = 0; i <= kOctaves * kPerOctave; ++i) {
        const double tokens = std::exp2(double(i) / kPerOctave);
        double hit          = 0;
        for (const double x : p) hit += x >= 1 ? 1 : -std::expm1(tokens * std::log1p(-x));
        share_.push_back(hit / experts);
    }
}

double ExpertDraw::share_hit(double tokens) const {
    if (tokens <= 1) return share_.front() * std::max(0.0, tokens);
    const double at = std::min(std::log2(tokens) * kPerOctave, double(share_.size() - 1));
    const auto left = std::min(static_cast<std::size_t>(at), share_.size() - 2);
    return share_[left] + (at - double(left)) * (share_[left + 1] - share_[left]);
}

}  // namespace isobath
