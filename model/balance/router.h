/// A router's choice: which top_k experts a token goes to, and how that is made to meet a popularity.
#pragma once

#include <span>
#include <vector>

#include "model/balance/sampling.h"

namespace isobath {

/// How logits become the affinities that are compared.
enum class Gating {
    softmax,  ///< DeepSeek-V2 and most others: exp(logit), normed over experts
    sigmoid,  ///< DeepSeek-V3: each expert on its own
};

/// The rules of the choice. Groups (or nodes) are equal blocks of experts in a row; the `topk_groups` with
/// the largest group score are kept, then the top_k experts in them.
struct RouterSpec {
    int experts = 0, top_k = 0;
    int groups = 1, topk_groups = 1;
    int summed    = 1;  ///< best experts that make the group score: 1 for DeepSeek-V2, 2 for V3
    Gating gating = Gating::softmax;

    bool operator==(const RouterSpec&) const = default;
};

/// A token's experts lie on at most `limit` of `nodes` nodes, ranked by the sum of the best top_k / limit
/// affinities of each (DeepSeek-V3 report, section 2.1.2).
RouterSpec node_limited(int experts, int top_k, int nodes, int limit, Gating gating = Gating::sigmoid);

/// Throws SpecError naming what is wrong: counts below 1, groups that do not divide, too few experts in the
/// groups kept for top_k, `summed` above a group's size.
void check_router(const RouterSpec& spec);

/// Routes tokens of random content: logit = log(weight) + Gumbel noise, tokens and experts independent.
///
/// What is assumed: that a token's likes are independent given popularity. Real tokens like some experts
/// together; no published count says how. Of plain top-k the gating does not matter. With sigmoid the level
/// of the logits matters to sums of affinities; it is set so that top_k experts lie above 1/2 on average.
class TokenRouter {
  public:
    /// `weights` [experts], positive: the exponentials of each expert's mean logit. Throws as check_router().
    TokenRouter(const RouterSpec& spec, std::vector<double> weights);

    /// Fills `experts`, [top_k], in no order.
    void draw(Random& random, std::span<int> experts);
    const RouterSpec& spec() const { return spec_; }
    std::span<const double> weights() const { return weights_; }

  private:
    void keep_groups();
    double group_score(std::size_t first, std::size_t size);

    RouterSpec spec_;
    std::vector<double> weights_, affinity_, group_, best_;
    std::vector<int> open_;  ///< experts of the groups kept
};

/// The router whose tokens pick expert e with probability `inclusion[e]` (sums to top_k).
///
/// Without groups: weights -log(1 - p). Seen as exponential clocks, the expert is picked if it rings before
/// the k-th ring of all; taking that time as fixed gives these weights, 2 % off at worst for 8 of 256. Then,
/// with groups as well, `rounds` of `tokens` tokens are counted and the weights corrected. What remains is
/// noise of the counting, sqrt((1 - p) / (p * tokens)) of p for one round, 3.3 % here at p = 8/256 and tokens
/// = 30,000; late rounds correct by less, which halves it. A popularity that no gate can give (more than the
/// groups kept can hold) is met as nearly as the correction finds.
TokenRouter calibrated_router(const RouterSpec& spec, std::span<const double> inclusion, Random& random,
                              int rounds = 8, int tokens = 8000);

/// Shares of `tokens` tokens that pick each expert.
std::vector<double> count_inclusion(TokenRouter& router, int tokens, Random& random);

}  // namespace isobath
