/// How much more the busiest rank's experts get than the mean rank's, in one micro-batch of training.
#pragma once

#include <cstdint>
#include <vector>

#include "model/balance/training_balance.h"

namespace isobath {

/// Loads that a trained router gives to its experts, sequence by sequence.
struct RouterSample {
    int experts = 0, top_k = 0;
    int sequences = 0, tokens = 0;  ///< tokens of each half of a sequence
    /// Nothing uneven lasts: a bias that follows the sign of a whole batch's error comes to rest only at even
    /// loads (Wang et al., 2024, measure 4 % for the busiest expert). A small sample would show its own luck.
    bool settles = false;
    std::vector<double> first, second;  ///< [sequence * experts + e]: pairs of either half of a sequence
};

/// Trains a router by simulate_training_balance(), at the weights and speeds of `isobath balance --training`
/// (100 steps), and looks at sequences with topics of their own under what it has learned.
RouterSample sample_router(Balancing balancing, int experts, int top_k, std::uint64_t seed);

/// Factors on the mean load: E[max] over ranks and over nodes.
struct RankImbalance {
    double rank = 1, node = 1;
    double dropped = 0;  ///< share of token-expert pairs beyond an expert's capacity
};

struct ImbalanceSpec {
    int ranks = 1, nodes = 1;  ///< that share the experts; equal blocks of neighbours
    double sequences = 1;      ///< of one micro-batch, over all ranks
    double tokens    = 4096;   ///< of a sequence
    double capacity  = 0;      ///< an expert takes at most this times the mean; 0 drops nothing
};

/// A block's load in a micro-batch is normal: its mean is what lasts over the sample; its variance is
/// that between sequences, taken as the covariance of their halves (so that the luck of few drawn tokens
/// cancels), over `sequences`, and the luck of all their tokens. E[max] by expected_max().
/// With a capacity, what an expert has beyond it is dropped, E[(load - capacity)+] of its own normal; a
/// block's share of that is taken off its mean, and no block exceeds the capacity.
///
/// Rests on the router model's topic_sigma, which nobody has published: assumed.
RankImbalance rank_imbalance(const RouterSample& sample, const ImbalanceSpec& spec);

}  // namespace isobath
