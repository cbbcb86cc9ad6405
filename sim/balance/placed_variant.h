/// One way of placing the experts, judged: how even, how fast, how much memory.
#pragma once

#include <string>
#include <vector>

#include "sim/step.h"

namespace isobath {

struct PlacedVariant {
    std::string name;  ///< "own order", "copies only", "as planned", "EPLB", "ideal"
    Balancer placement = Balancer::none;
    int redundant      = 0;
    /// Of an endless batch, averaged over layers (model/balance/placement.h): popularity alone.
    double mean_over_max = 1, max_over_mean = 1;
    /// Of a step's micro-batch, chance included: token-expert pairs of the busiest rank over the mean rank's,
    /// and time of its experts over that of the mean rank's.
    double max_over_mean_tokens = 1, max_over_mean_time = 1;
    Seconds step, experts;        ///< a step; the busiest rank's routed experts of one layer and micro-batch
    double tokens_per_s_gpu = 0;  ///< output tokens of a decode step, input tokens of a prefill step
    Bytes expert_weights, weights, free;  ///< per GPU; free is negative if it does not fit
    bool fits = true;
};

/// Evaluates a step of the scenario as it is placed. Throws SpecError as placement_of().
PlacedVariant judge(const Scenario& scenario, const StepInput& input, const DataFiles& data,
                    const std::string& name);

/// The scenario's experts placed in another way: planned on its `planned_load`.
Scenario placed_as(Scenario scenario, Balancer placement, int redundant);
/// The same, planned on the very load that is judged.
Scenario in_distribution(Scenario scenario);

/// The ways that `scenario` is held against, first to last: experts in their own order where they divide over
/// the ranks, copies that are not moved where there are any, the scenario's own as planned, EPLB planned on
/// the load itself, ideal. Ideal balance is that of experts that are all alike, so chance is left in it, and
/// kernels that read only the experts that are hit read more of them than under an uneven load.
std::vector<PlacedVariant> judge_variants(const Scenario& scenario, const StepInput& input,
                                          const DataFiles& data);

/// The scenario's placement (EPLB where it has none) with ever more redundant experts: from the fewest that
/// divide over the ranks, one more slot on every GPU each time, five times. Only the first on one rank.
/// `planned` is the scenario as it is, judged already.
std::vector<PlacedVariant> judge_slots(const Scenario& scenario, const StepInput& input,
                                       const DataFiles& data, const PlacedVariant& planned);

/// Tokens on every rank over the layer's mean, [layers x ranks]: 1 everywhere for an ideal placement.
std::vector<double> rank_shares(const Scenario& scenario);

/// The step that the scenario describes.
StepInput input_of(const Scenario& scenario);

}  // namespace isobath
