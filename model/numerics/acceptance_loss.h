/// What noise on logits costs speculative decoding: rejection sampling accepts 1 - TV(target, draft) of
/// drafts.
#pragma once

#include <cstdint>
#include <span>

#include "model/numerics/synthetic.h"

namespace isobath::numerics {

/// Half the sum of |p - q| over the softmax of two rows of logits: 0 for equal, 1 for disjoint.
double total_variation(std::span<const float> a, std::span<const float> b);

/// Mean over rows of 1 - TV: the share of drafts that rejection sampling accepts at temperature 1.
double acceptance(const Tensor& target, const Tensor& draft);

/// Logits of language-like distributions, positions x vocabulary: falling with the logarithm of the rank,
/// from flat (many words fit) to steep (one does), in a random order. The shape is assumed.
Tensor synthetic_logits(std::size_t positions, std::size_t vocabulary, Noise& noise);

/// `target` with normal noise of such a deviation that acceptance(target, draft) is `accepted` (above 0, up
/// to 1): a draft as good as a published acceptance says.
Tensor synthetic_draft(const Tensor& target, double accepted, std::uint64_t seed);

/// Acceptance without noise, and with it on the target's logits alone, on the draft's alone, and on both
/// independently. Noise that both share would cancel in part: `both` is then too low.
struct NoisyAcceptance {
    double exact = 0, target = 0, draft = 0, both = 0;
    double total_variation = 0;  ///< of the target with noise from the target without
};

/// Adds to each logit independent noise of `target_noise` (`draft_noise`) times the deviation of its row,
/// once with either sign: what moves acceptance up as often as down cancels, and what is left is the loss.
/// The same seed gives the same noise, only larger or smaller, so that losses can be compared.
NoisyAcceptance noisy_acceptance(const Tensor& target, const Tensor& draft, double target_noise,
                                 double draft_noise, std::uint64_t seed);

}  // namespace isobath::numerics
