/// Loads that move while a placement stands still: what an old plan costs, and what a new one does.
#pragma once

#include <vector>

#include "hw/units.h"
#include "model/balance/eplb.h"

namespace isobath {

/// mean_over_max of `judged` on the placement that EPLB makes for `planned`.
///
/// Throws SpecError if the loads differ in shape, or as check_shape().
double foreign_mean_over_max(const ExpertLoad& planned, const ExpertLoad& judged, const EplbShape& shape);

/// How fast the load moves and how often the placement follows.
struct DriftSpec {
    Seconds drift;     ///< in which the load goes from one to the other, in a straight line
    Seconds interval;  ///< between rebalances, the first at the start
    Seconds window;  ///< over which a plan's load was counted, up to the moment of planning; 0: known at once
    int samples = 8;  ///< at which each interval is judged
};

/// The passage from one load to the other under periodic rebalancing.
struct DriftResult {
    double mean_over_max = 1;  ///< over time
    double fresh         = 1;  ///< were the plan made for every moment's own load
    std::vector<double> at_start,
        at_end;           ///< of each interval, right after its plan and right before the next
    Bytes moved_per_gpu;  ///< into the busiest GPU, per rebalance, on average
    Seconds pause;        ///< moved_per_gpu over the bandwidth, per rebalance
    double kept = 1;      ///< share of the time left if serving stops for each pause
};

/// What a rebalance moves: weights of one expert of one layer, into each GPU at this rate.
struct MoveCost {
    Bytes expert;
    BytesPerSecond bandwidth;
};

/// Follows the load from `from` to `to`. A plan made at time t knows the mean load of [t - window, t], before
/// the start being `from`; it is used until the next. Without a window its age is half an interval on
/// average.
///
/// The load moves as a mixture: shares of experts change in a straight line, as when requests of one kind
/// give way to another. Throws SpecError unless drift and interval are above 0, the window is not below 0 and
/// the passage has at most 10,000 rebalances; and as foreign_mean_over_max().
DriftResult simulate_drift(const ExpertLoad& from, const ExpertLoad& to, const EplbShape& shape,
                           const DriftSpec& drift, const MoveCost& cost);

/// Experts that each GPU must fetch to go from one placement to the other, over all layers: those it holds
/// afterwards and did not hold before. [gpus]. Copying between slots of one GPU is free.
///
/// Throws SpecError unless both place the same experts on the same GPUs.
std::vector<double> experts_fetched(const ExpertPlacement& before, const ExpertPlacement& after);

}  // namespace isobath
