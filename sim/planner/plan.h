/// The answer to `isobath plan`: the best deployment, why, what else was possible, and what was looked at.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/planner/pairing.h"
#include "sim/planner/space.h"

namespace isobath {

/// One deployment. Indices point into the PlanSpace.
struct PlanRecord {
    double objective = 0;       ///< the less the better
    double tpot = 0, ttft = 0;  ///< seconds, means
    double steady       = 0;    ///< time to first token in the steady state: no burst of first requests
    double tokens_per_s = 0;    ///< output tokens of the deployment in the steady state
    double gpu_per_rate = 0, usd_per_rate = 0;  ///< GPUs, and USD per hour, for each output token per second
    double usd = 0, watts = 0;                  ///< per hour; drawn, data sheet
    double clients = 0;                         ///< in flight, of the whole deployment
    int gpus       = 0;                         ///< spares included
    int prefills = 0, decodes = 0;              ///< units that work; no prefill units: aggregated
    int prefill_cluster = -1, prefill_layout = -1;
    int cluster = 0, layout = 0, precision = 0, speculation = 0, batch = 0, chunk = -1;

    bool split() const { return prefills > 0; }
};

/// Every candidate in its bin, and those that were computed and can be told apart by what they cost.
struct PlanSearch {
    PlanQuestion question;
    PlanSpace space;
    Tally tally;
    std::vector<PlanRecord> records;  ///< within all limits, the best first
};

/// Looks at every candidate of the scenario's space. Deterministic. Throws SpecError.
PlanSearch search_plans(const Scenario& scenario, const DataFiles& data);

/// Where no plan meets every limit: the one whose worst miss is least, found by giving all limits (times,
/// GPUs, budget) more and more room. Nothing if even twenty times the room is not enough.
std::optional<PlanRecord> nearest_miss(const Scenario& scenario, const DataFiles& data);

/// Order of plans: objective, then speed for a user, then time to first token, then place in the space.
bool better(const PlanRecord& a, const PlanRecord& b);

/// Of `records`, those that no other beats or equals in tokens/s for a user, GPUs and USD per token/s at
/// once; fastest for a user first.
std::vector<PlanRecord> pareto_of(const std::vector<PlanRecord>& records);

}  // namespace isobath
