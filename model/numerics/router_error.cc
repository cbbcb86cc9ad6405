#include "model/numerics/router_error.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/numerics/product.h"

namespace isobath::numerics {
namespace {

/// Indices of the `count` greatest values, the first of equals first.
std::vector<int> best(std::span<const double> values, int count) {
    std::vector<int> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return values[std::size_t(a)] > values[std::size_t(b)]; });
    order.resize(std::size_t(count));
    return order;
}

std::vector<double> scores_of(const MoeSpec& moe, std::span<const float> logits) {
    std::vector<double> out(logits.begin(), logits.end());
    if (moe.sigmoid) {
        for (double& s : out) s = 1 / (1 + std::exp(-s));
        return out;
    }
    const double most = *std::max_element(out.begin(), out.end());
    double sum        = 0;
    for (double& s : out) sum += s = std::exp(s - most);
    for (double& s : out) s /= sum;
    return out;
}

/// Leaves only the best groups: experts of the others can no longer be chosen.
void limit_groups(const MoeSpec& moe, std::vector<double>& steered) {
    const std::size_t size = steered.size() / std::size_t(moe.n_group);
    std::vector<double> strength;
    for (std::size_t g = 0; g < std::size_t(moe.n_group); ++g) {
        std::vector<double> group(steered.begin() + std::ptrdiff_t(g * size),
                                  steered.begin() + std::ptrdiff_t((g + 1) * size));
        std::sort(group.rbegin(), group.rend());
        strength.push_back(moe.bias && size > 1 ? group[0] + group[1] : group[0]);
    }
    std::vector<bool> kept(std::size_t(moe.n_group), false);
    for (const int g : best(strength, moe.topk_group)) kept[std::size_t(g)] = true;
    for (std::size_t e = 0; e < steered.size(); ++e)
        if (!kept[e / size]) steered[e] = -1e300;
}

void compare(const Choice& a, const Choice& b, RouterError& sum) {
    double stay = 0, moved = 0;
    for (std::size_t i = 0; i < a.experts.size(); ++i) {
        const auto at = std::find(b.experts.begin(), b.experts.end(), a.experts[i]);
        const bool in = at != b.experts.end();
        stay += in;
        if (in) moved += std::min(a.weights[i], b.weights[std::size_t(at - b.experts.begin())]);
    }
    const double chosen = double(a.experts.size());
    sum.flips += 1 - stay / chosen;
    sum.flipped_tokens += stay < chosen;
    sum.weight_moved += 1 - moved;
}

RouterError mean_of(RouterError sum, std::size_t tokens) {
    const double n = double(tokens);
    return {sum.flipped_tokens / n, sum.flips / n, std::max(0.0, sum.weight_moved / n)};
}

std::vector<float> bias_of(const MoeSpec& moe, const RouterSample& sample, Noise& noise) {
    std::vector<float> bias;
    if (moe.bias)
        for (int e = 0; e < moe.n_routed_experts; ++e)
            bias.push_back(static_cast<float>(sample.bias_scale) * noise.normal());
    return bias;
}

}  // namespace

Choice choose(const MoeSpec& moe, std::span<const float> logits, std::span<const float> bias) {
    const std::vector<double> scores = scores_of(moe, logits);
    std::vector<double> steered      = scores;
    for (std::size_t e = 0; e < bias.size(); ++e) steered[e] += bias[e];
    if (moe.topk_group < moe.n_group) limit_groups(moe, steered);
    Choice out;
    out.experts = best(steered, moe.num_experts_per_tok);
    double sum  = 0;
    for (const int e : out.experts) sum += scores[std::size_t(e)];
    for (const int e : out.experts) out.weights.push_back(scores[std::size_t(e)] / sum);
    return out;
}

RouterError router_error(const MoeSpec& moe, const RouterSample& sample, double relative_noise,
                         std::uint64_t seed) {
    Noise noise(seed);
    const std::vector<float> bias = bias_of(moe, sample, noise);
    const auto spread = static_cast<float>(sample.spread), wrong        = static_cast<float>(relative_noise);
    std::vector<float> logits(std::size_t(moe.n_routed_experts)), noisy = logits;
    RouterError sum;
    for (int t = 0; t < sample.tokens; ++t) {
        for (float& z : logits) z = spread * noise.normal();
        for (std::size_t e = 0; e < logits.size(); ++e)
            noisy[e] = logits[e] + spread * wrong * noise.normal();
        compare(choose(moe, logits, bias), choose(moe, noisy, bias), sum);
    }
    return mean_of(sum, std::size_t(sample.tokens));
}

RouterError router_error(const MoeSpec& moe, const Tensor& tokens, const Tensor& weights, Format format,
                         const RouterSample& sample, std::uint64_t seed) {
    Noise noise(seed);
    const std::vector<float> bias = bias_of(moe, sample, noise);
    Tensor exact = product(tokens, weights), qx = tokens, qw = weights;
    quantise(qx, format, Role::activation);
    quantise(qw, format, Role::weight);
    Tensor noisy  = product(qx, qw);
    double square = 0;
    for (const float z : exact.values) square += double(z) * z;
    const auto scale =
        static_cast<float>(sample.spread / std::sqrt(std::max(square / double(exact.values.size()), 1e-300)));
    for (float& z : exact.values) z *= scale;
    for (float& z : noisy.values) z *= scale;
    RouterError sum;
    for (std::size_t t = 0; t < exact.rows; ++t)
        compare(choose(moe, exact.row(t), bias), choose(moe, noisy.row(t), bias), sum);
    return mean_of(sum, exact.rows);
}

}  // namespace isobath::numerics
