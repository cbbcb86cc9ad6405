#include "model/acceptance/verification.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobath {
namespace {

std::size_t most_likely(std::span<const double> p) {
    return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
}

/// How many tokens are likelier than this one; of equals, the first counts.
std::size_t rank_of(std::span<const double> p, std::size_t token) {
    std::size_t before = 0;
    for (std::size_t i = 0; i < p.size(); ++i) before += p[i] > p[token] || (p[i] == p[token] && i < token);
    return before;
}

void normalise(Distribution& p) {
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& one : p) one /= sum;
}

double kept_by_rejection(std::span<const double> p, std::span<const double> q, std::size_t token) {
    return q[token] > 0 ? std::min(1.0, p[token] / q[token]) : 1;
}

}  // namespace

Distribution tempered(std::span<const double> p, double temperature) {
    Distribution out(p.size(), 0);
    const std::size_t best = most_likely(p);
    if (temperature <= 0) {
        out[best] = 1;
        return out;
    }
    for (std::size_t i = 0; i < p.size(); ++i) out[i] = std::pow(p[i] / p[best], 1 / temperature);
    normalise(out);
    return out;
}

double total_variation(std::span<const double> p, std::span<const double> q) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += std::abs(p[i] - q[i]);
    return sum / 2;
}

double entropy(std::span<const double> p) {
    double sum = 0;
    for (const double one : p)
        if (one > 0) sum -= one * std::log(one);
    return sum;
}

double keep_chance(const Verification& how, std::span<const double> p, std::span<const double> q,
                   std::size_t token) {
    switch (how.rule) {
        case Rule::greedy: return most_likely(p) == token;
        case Rule::rejection: return kept_by_rejection(p, q, token);
        case Rule::typical:
            return p[token] > std::min(how.epsilon, how.typical_delta * std::exp(-entropy(p)));
        case Rule::relaxed:
            return rank_of(p, token) < static_cast<std::size_t>(how.top_n) &&
                   p[token] >= p[most_likely(p)] - how.relaxed_delta;
    }
    return 0;
}

double acceptance(const Verification& how, std::span<const double> p, std::span<const double> q) {
    double sum = 0;
    for (std::size_t x = 0; x < q.size(); ++x)
        if (q[x] > 0) sum += q[x] * keep_chance(how, p, q, x);
    return sum;
}

std::size_t draw(std::span<const double> p, double uniform) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i)
        if (uniform < (sum += p[i])) return i;
    std::size_t last = p.size() - 1;  // rounding left the sum a hair below `uniform`
    while (last > 0 && p[last] <= 0) --last;
    return last;
}

Distribution residual(std::span<const double> p, std::span<const double> q) {
    Distribution out(p.size(), 0);
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += out[i] = std::max(0.0, p[i] - q[i]);
    if (sum <= 0) return {p.begin(), p.end()};
    normalise(out);
    return out;
}

}  // namespace isobath
