/// How unevenly a router likes its experts: a law, or counts, made into the chance that a token picks each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/balance/expert_load.h"
#include "model/balance/sampling.h"

namespace isobath {

/// The law that relative popularities follow.
struct PopularityLaw {
    enum class Kind {
        uniform,    ///< all alike
        zipf,       ///< the i-th hottest has i^-parameter
        lognormal,  ///< the logarithm is normal with this deviation
        dirichlet,  ///< shares are Dirichlet with this alpha: gammas of this shape
    };
    Kind kind        = Kind::uniform;
    double parameter = 0;

    bool operator==(const PopularityLaw&) const = default;
};

/// "uniform", "zipf:S" (0 to 5), "lognormal:SIGMA" (0 to 3) or "dirichlet:ALPHA" (0.01 to 1000).
///
/// Throws SpecError "\"TEXT\": what is wrong; what is allowed", without a file: the caller knows it.
PopularityLaw parse_popularity_law(std::string_view text);
std::string to_string(const PopularityLaw& law);

/// Relative popularities of `experts` in random order, one draw of the law; positive.
std::vector<double> draw_popularity(const PopularityLaw& law, int experts, Random& random);

/// Chance that one token, which picks `top_k` distinct experts, picks each: in proportion to `weights`, but
/// cut at 1, what is cut going to the others. They sum to top_k. Where fewer than top_k weights are positive,
/// the zeros share what is left evenly.
///
/// Throws SpecError unless 1 <= top_k <= weights and every weight is a finite number >= 0.
std::vector<double> inclusion_probabilities(std::span<const double> weights, int top_k);

/// A load of `tokens` tokens per layer as expected from a law, a fresh draw for each layer.
ExpertLoad draw_load(const PopularityLaw& law, int layers, int experts, int top_k, double tokens,
                     Random& random);

/// Picks `top_k` distinct experts so that each is picked with exactly its inclusion probability.
///
/// Random systematic sampling: experts in a fresh random order are laid end to end, each as long as its
/// probability, and cut at u, u + 1, u + 2, ... Source: Hartley and Rao, "Sampling with unequal probabilities
/// and without replacement", 1962. Which experts come together is as random as the probabilities allow: no
/// groups.
class InclusionSampler {
  public:
    /// `inclusion` sums to top_k, none above 1.
    explicit InclusionSampler(std::vector<double> inclusion);

    /// Fills `experts`, [top_k].
    void draw(Random& random, std::span<int> experts);
    std::span<const double> inclusion() const { return inclusion_; }

  private:
    std::vector<double> inclusion_;
    std::vector<int> order_;
};

}  // namespace isobath
