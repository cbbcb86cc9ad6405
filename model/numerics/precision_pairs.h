/// Measured pairs of acceptance at two precisions, and the simplest rule that predicts one from the others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hw/data.h"
#include "hw/estimate.h"

namespace isobath::numerics {

enum class Changed { kv_cache, weights, draft };
std::string_view name_of(Changed);

/// One side of a pair: acceptance as a chain of drafts with one conditional acceptance throughout.
struct PairSide {
    std::string format;
    double bits       = 0;
    double acceptance = 0;  ///< a with sum of a^i over the drafts = tokens per step - 1
};

struct PrecisionPair {
    std::string id, group, source;  ///< pairs of one group come from one report
    Changed changed = Changed::weights;
    int drafts      = 1;
    PairSide from, to;

    double loss() const { return from.acceptance - to.acceptance; }
};

/// The pairs of scenarios/acceptance/measured/precision-pairs.json. Throws SpecError if the file is wrong.
std::vector<PrecisionPair> load_precision_pairs(const DataFiles& data);

/// The a in [0, 1] whose powers 1 to `drafts` add up to `accepted` drafts per step.
double conditional_acceptance(double accepted, int drafts);

/// Two rules for the loss of conditional acceptance, each judged by groups it has not seen; groups weigh
/// alike.
///   constant   the same loss whatever the formats
///   noise      slope times the growth of storage noise, 2^-bits (the least that rate-distortion allows a
///              normal source; what a format loses beyond it goes into the slope)
struct PairRules {
    double constant = 0, slope = 0;
    double constant_residual = 0, noise_residual = 0;  ///< leave-one-group-out, root mean square
    double low = 0, high = 0;                          ///< smallest and greatest loss measured

    bool noise_wins() const { return noise_residual < constant_residual; }
};
PairRules fit_pairs(const std::vector<PrecisionPair>& pairs);

/// One pair's loss, and what either rule says of it without the pair's group.
struct PairResidual {
    double measured = 0, constant = 0, noise = 0;
};
std::vector<PairResidual> leave_one_group_out(const std::vector<PrecisionPair>& pairs);

}  // namespace isobath::numerics
