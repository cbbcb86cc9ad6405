/// The best plans served request by request: percentiles in place of means.
#pragma once

#include "sim/planner/answer.h"

namespace isobath {

/// Simulates the first `top` records of the search that one scenario can say, and the percentiles of each.
/// Open arrivals as the scenario has them; with demand `all` a closed loop of the clients that the plan
/// serves. Takes some tenths of a second each.
std::vector<Confirmation> confirm(const PlanAnswer& answer, int top, const DataFiles& data);

}  // namespace isobath
