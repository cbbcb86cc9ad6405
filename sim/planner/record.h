/// From the figures of a deployment to a record that can be compared.
#pragma once

#include "sim/planner/plan.h"

namespace isobath {

/// What stands for the limits in the search: past these, nothing larger of the same unit is looked at. Steps
/// are not proven to grow with the batch (calibrated kernels may fall by some 0.2 %), so one hundredth more.
inline constexpr double kSlack = 1.01;

struct UnitPrice {
    double gpus = 8, usd = 0, watts = 0;
};
UnitPrice price_of(const ClusterChoice& cluster, int gpus);

/// Fills in tokens/s, cost, the objective. `rate`: requests per second of the units that work.
void complete(const PlanQuestion& question, const UnitPrice& prefill, const UnitPrice& decode, double rate,
              PlanRecord& record);

/// By how much the record misses its worst limit: above 1 it does.
double worst_miss(const PlanQuestion& question, const PlanRecord& record);

/// Counts which limit a computed candidate misses, if one.
bool within_limits(const PlanRecord& record, PlanSearch& search);

}  // namespace isobath
