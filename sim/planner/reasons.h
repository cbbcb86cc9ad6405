/// Why the winner wins, what holds it back, and how sure it is.
#pragma once

#include "sim/planner/answer.h"
#include "sim/served/served.h"

namespace isobath {

/// The best record; with a confidence asked for, the best whose chance to stay within the limits is at least
/// that, among the first thousand. Nothing if none is.
std::optional<PlanRecord> choose(const PlanAnswer& answer, const DataFiles& data);

/// Chance that both means stay within their limits: each log-normal with its 80 % interval, both errors taken
/// as moving together where they share kernel families (the smaller chance is an upper bound, the product a
/// lower one; the product is given).
double chance_within(const PlanQuestion& question, const ServedResult& served);

/// For each dimension the best plan that has another value there.
std::vector<RunnerUp> runners_up(const PlanSearch& search, const PlanRecord& best);

/// Every limit with the share that the winner uses, the fullest first.
std::vector<LimitUse> limits_of(const PlanSearch& search, const PlanRecord& best);

}  // namespace isobath
