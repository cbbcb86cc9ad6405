#include "sim/planner/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/planner/launches.h"
#include "sim/planner/next_node.h"
#include "sim/planner/planned_scenario.h"
#include "sim/planner/reasons.h"
#include "sim/planner/sensitivity.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"

namespace isobath {
namespace {

/// The winner as `run` would give it, at the clients that it serves.
void add_served(PlanAnswer& a, PlanDepth depth, const DataFiles& data) {
    const nlohmann::json doc = planned_scenario(a.scenario, a.search, *a.best);
    if (doc.is_null()) return;
    const Scenario planned    = read_scenario(doc.dump(), a.scenario.file, data);
    const ServedResult served = predict_served(planned, data);
    a.tpot                    = served.tpot;
    a.ttft                    = served.ttft;
    a.confidence              = chance_within(a.search.question, served);
    if (depth == PlanDepth::winner) return;
    a.levers = sensitivity(planned, data);
    a.risks  = risks(a.search.question, planned, data);
}

}  // namespace

PlanAnswer plan(const Scenario& s, const DataFiles& data, PlanDepth depth) {
    PlanAnswer a;
    a.scenario = s;
    a.search   = search_plans(s, data);
    a.pareto   = pareto_of(a.search.records);
    if (a.search.records.empty()) {
        a.nearest = nearest_miss(s, data);
        return a;
    }
    a.best = choose(a, data);
    if (!a.best) return a;
    add_served(a, depth, data);
    a.launches   = launches_of(s, a.search, *a.best, data);
    a.runners_up = runners_up(a.search, *a.best);
    a.limits     = limits_of(a.search, *a.best);
    if (depth == PlanDepth::everything) a.capacities = capacities(s, a.best->gpus, data);
    return a;
}

}  // namespace isobath
