/// What the next node buys, and what one less would cost.
#pragma once

#include "sim/planner/answer.h"

namespace isobath {

/// With the winner's GPUs and one node less and more: the most that they can carry, by a search each.
std::vector<Capacity> capacities(const Scenario& scenario, int gpus, const DataFiles& data);

}  // namespace isobath
