/// What noise on the router's logits does: experts that are chosen instead of others, weight that moves.
#pragma once

#include <span>
#include <vector>

#include "hw/dtype.h"
#include "model/arch.h"
#include "model/numerics/synthetic.h"

namespace isobath::numerics {

/// The experts of one token with their weights, by falling weight.
struct Choice {
    std::vector<int> experts;
    std::vector<double> weights;  ///< sum 1
};

/// DeepSeek-V3's gate: sigmoid scores (or softmax), a bias that only steers the choice, groups by the sum of
/// their two best (their best without a bias), the best `topk_group` groups, the best experts in them,
/// weights from the scores without bias. `logits` and `bias` hold one number per expert; an empty bias is
/// none.
Choice choose(const MoeSpec& moe, std::span<const float> logits, std::span<const float> bias);

struct RouterError {
    double flipped_tokens = 0;  ///< share of tokens with another set of experts
    double flips          = 0;  ///< share of chosen experts that are others
    double weight_moved   = 0;  ///< mean of half the sum of |change of weight|: a total variation
};

struct RouterSample {
    int tokens        = 512;
    double spread     = 1;     ///< deviation of the logits over experts; assumed
    double bias_scale = 0.02;  ///< deviation of the correction bias; assumed
};

/// The gate on synthetic logits, each with independent noise of `relative_noise` times their deviation.
RouterError router_error(const MoeSpec& moe, const RouterSample& sample, double relative_noise,
                         std::uint64_t seed);

/// The gate's own GEMM in `format` on the tokens and weights (experts x channels) given.
RouterError router_error(const MoeSpec& moe, const Tensor& tokens, const Tensor& weights, Format format,
                         const RouterSample& sample, std::uint64_t seed);

}  // namespace isobath::numerics
