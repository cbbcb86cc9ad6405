/// Which experts the tokens of a public MoE benchmark choose: the collectors' own recipes, drawn again.
///
/// The aiconfigurator project (ai-dynamo/aiconfigurator, collector/helper.py, Apache-2.0) times one rank, the
/// fullest, of a group; its tables say only how the load was drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isobath {

/// What a row of such a table says of its routing.
struct MoeTraffic {
    int tokens  = 0;  ///< of the whole group
    int experts = 256, top_k = 8;
    int ep = 1;
    std::string distribution;    ///< "balanced", "uniform" or "power_law_1.01"
    bool group_limited = false;  ///< the kernel has DeepSeek-V3's gate in it: 4 of 8 groups of experts
};

/// Tokens of each expert on the timed rank.
using ExpertLoads = std::vector<int>;

/// What the benchmark runs, draw by draw: one for balanced loads, `draws` for random ones.
///
/// Balanced: a token's experts lie experts / top_k apart and move on by one from token to token.
/// Uniform: every expert gets the same whole number of tokens; with fewer pairs than experts, so many of the
/// rank's experts get one.
/// Power law: shares of the tokens drawn with density x^-alpha between 1 and 0.8 * tokens (0.01 and 2 where
/// there are fewer pairs than experts), rounded, none above `tokens`; the fullest rank is timed.
/// Group-limited: scores are equal, so ties go to the lower index, as TensorRT-LLM's routing kernel has it.
/// Throws SpecError on an unknown distribution.
std::vector<ExpertLoads> loads_of(const MoeTraffic& traffic, int draws);

/// Means over draws.
struct LoadSummary {
    double rows = 0, active = 0;  ///< active: experts with any row
    double variance = 0;          ///< of the rows of one active expert
};
LoadSummary summary_of(const std::vector<ExpertLoads>& draws);

}  // namespace isobath
