/// When the target keeps a drafted token: rules as exact expectations over token distributions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isobath {

using Distribution = std::vector<double>;  ///< chances of the tokens, summing to 1

/// p^(1/T), normalised; T = 0 puts all on the most likely token (the first of equals).
Distribution tempered(std::span<const double> p, double temperature);

/// Half the sum of |p - q|.
double total_variation(std::span<const double> p, std::span<const double> q);
/// - sum p log p, in nats.
double entropy(std::span<const double> p);

enum class Rule : std::uint8_t {
    greedy,     ///< the draft must be the target's most likely token
    rejection,  ///< min(1, p / q): keeps the target's distribution (Leviathan and others 2023, Chen and
                ///< others 2023)
    typical,    ///< p(x) > min(epsilon, delta * exp(-H(p))) (Medusa, Cai and others 2024)
    relaxed     ///< among the target's top N, no less likely than its best less delta (TensorRT-LLM)
};

/// Defaults are those of Medusa's and TensorRT-LLM's code.
struct Verification {
    Rule rule      = Rule::rejection;
    double epsilon = 0.09, typical_delta = 0.3;
    int top_n            = 10;
    double relaxed_delta = 0.6;
};

/// Chance that `token`, drawn from q, is kept against the target's p.
double keep_chance(const Verification& how, std::span<const double> p, std::span<const double> q,
                   std::size_t token);

/// alpha: the expected keep_chance over tokens drawn from q. With rejection, 1 - TV(p, q).
/// A greedy draft is q with all on one token.
double acceptance(const Verification& how, std::span<const double> p, std::span<const double> q);

/// The token at which the running sum of `p` passes `uniform` in [0, 1).
std::size_t draw(std::span<const double> p, double uniform);

/// What is sampled after a rejection: max(0, p - q), normalised; p itself where p == q.
Distribution residual(std::span<const double> p, std::span<const double> q);

}  // namespace isobath
