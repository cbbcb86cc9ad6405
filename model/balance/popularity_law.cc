#include "model/balance/popularity_law.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

struct Named {
    std::string_view name;
    double low, high;
};

/// In the order of PopularityLaw::Kind.
constexpr std::array<Named, 4> kLaws{
    {{"uniform", 0, 0}, {"zipf", 0, 5}, {"lognormal", 0, 3}, {"dirichlet", 0.01, 1000}}};

constexpr const char* kAllowed = "expected uniform, zipf:S, lognormal:SIGMA or dirichlet:ALPHA";

double parameter_of(std::string_view text, std::string_view number, const Named& law) {
    double value           = -1;
    const auto [at, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || at != number.data() + number.size() ||
        !(value >= law.low && value <= law.high))
        throw SpecError(fmt::format("\"{}\": expected {}:NUMBER, a number from {:g} to {:g}", clipped(text),
                                    law.name, law.low, law.high));
    return value;
}

double draw_weight(const PopularityLaw& law, int i, Random& random) {
    switch (law.kind) {
        case PopularityLaw::Kind::zipf: return std::pow(i + 1.0, -law.parameter);
        case PopularityLaw::Kind::lognormal: return std::exp(law.parameter * draw_normal(random));
        // A share too small for a double is a share nobody sees, but the router can still pick it.
        case PopularityLaw::Kind::dirichlet: return std::max(draw_gamma(random, law.parameter), 1e-300);
        default: return 1;
    }
}

void require_weights(std::span<const double> weights, int top_k) {
    if (top_k < 1 || std::size_t(top_k) > weights.size())
        throw SpecError(
            fmt::format("top_k {} of {} experts; expected 1 to {}", top_k, weights.size(), weights.size()));
    for (const double w : weights)
        if (!(w >= 0 && w <= 1e300))
            throw SpecError(fmt::format("a popularity of {}; expected a number >= 0", w));
}

/// The factor that makes what is not cut sum to what is left, once the hottest `cut` are cut at 1.
double scale_of(std::span<const double> descending, int top_k) {
    double rest = total(descending);
    for (std::size_t cut = 0; cut < std::size_t(top_k); ++cut) {
        const double scale = (top_k - double(cut)) / rest;
        if (descending[cut] * scale <= 1) return scale;
        rest -= descending[cut];
        if (!(rest > 0)) break;
    }
    return -1;
}

}  // namespace

double draw_gamma(Random& random, double shape) {
    if (shape < 1) return draw_gamma(random, shape + 1) * std::pow(draw_uniform(random), 1 / shape);
    const double d = shape - 1 / 3.0, c = 1 / std::sqrt(9 * d);
    for (;;) {
        const double x = draw_normal(random), v = std::pow(1 + c * x, 3);
        if (v > 0 && std::log(draw_uniform(random)) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
}

PopularityLaw parse_popularity_law(std::string_view text) {
    const auto colon            = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, colon);
    for (std::size_t i = 0; i < kLaws.size(); ++i) {
        if (name != kLaws[i].name) continue;
        const auto kind = PopularityLaw::Kind(i);
        if (kind != PopularityLaw::Kind::uniform)
            return {kind, parameter_of(text, text.substr(std::min(colon + 1, text.size())), kLaws[i])};
        if (colon == text.size()) return {};
    }
    throw SpecError(fmt::format("\"{}\": {}", clipped(text), kAllowed));
}

std::string to_string(const PopularityLaw& law) {
    const std::string name(kLaws[std::size_t(law.kind)].name);
    return law.kind == PopularityLaw::Kind::uniform ? name : fmt::format("{}:{:g}", name, law.parameter);
}

std::vector<double> draw_popularity(const PopularityLaw& law, int experts, Random& random) {
    std::vector<double> weights;
    for (int i = 0; i < experts; ++i) weights.push_back(draw_weight(law, i, random));
    shuffle(std::span(weights), random);
    return weights;
}

std::vector<double> inclusion_probabilities(std::span<const double> weights, int top_k) {
    require_weights(weights, top_k);
    const double most = *std::max_element(weights.begin(), weights.end());
    std::vector<double> p(weights.begin(), weights.end());
    if (most > 0)
        for (double& w : p) w /= most;  // sums of the largest weights stay finite
    std::vector<double> descending = p;
    std::sort(descending.begin(), descending.end(), std::greater<>());
    const auto positive =
        std::upper_bound(descending.begin(), descending.end(), 0.0, std::greater_equal<>()) -
        descending.begin();
    const double scale = scale_of(descending, top_k);
    if (scale > 0) {
        for (double& w : p) w = std::min(1.0, w * scale);
        return p;
    }
    const double spare = double(top_k - positive) / std::max(1.0, double(weights.size()) - double(positive));
    for (double& w : p) w = w > 0 ? 1 : spare;
    return p;
}

ExpertLoad draw_load(const PopularityLaw& law, int layers, int experts, int top_k, double tokens,
                     Random& random) {
    ExpertLoad load(layers, experts);
    load.source = to_string(law);
    for (int l = 0; l < layers; ++l) {
        const auto p = inclusion_probabilities(draw_popularity(law, experts, random), top_k);
        std::transform(p.begin(), p.end(), load.layer(l).begin(), [&](double x) { return x * tokens; });
    }
    return load;
}

InclusionSampler::InclusionSampler(std::vector<double> inclusion) : inclusion_(std::move(inclusion)) {
    for (std::size_t e = 0; e < inclusion_.size(); ++e) order_.push_back(int(e));
}

void InclusionSampler::draw(Random& random, std::span<int> experts) {
    shuffle(std::span(order_), random);
    double end = 0, cut = draw_uniform(random);
    std::size_t found = 0;
    for (const int e : order_) {
        end += inclusion_[std::size_t(e)];
        if (end <= cut) continue;
        if (found == experts.size()) return;
        experts[found++] = e;
        cut += 1;
    }
    // Rounding may leave the last cut just past the end.
    for (std::size_t i = order_.size(); found < experts.size() && i-- > 0;)
        if (std::find(experts.begin(), experts.begin() + std::ptrdiff_t(found), order_[i]) ==
            experts.begin() + std::ptrdiff_t(found))
            experts[found++] = order_[i];
}

}  // namespace isobath
