#include "sim/planner/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/planner/planned_scenario.h"
#include "sim/planner/reasons.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"

namespace isobath {
namespace {

/// The winner as `run` would give it, at the clients that it serves.
void add_served(PlanAnswer& a, const DataFiles& data) {
    const nlohmann::json doc = planned_scenario(a.scenario, a.search, *a.best);
    if (doc.is_null()) return;
    const ServedResult served = predict_served(read_scenario(doc.dump(), a.scenario.file, data), data);
    a.tpot                    = served.tpot;
    a.ttft                    = served.ttft;
    a.confidence              = chance_within(a.search.question, served);
}

}  // namespace

PlanAnswer plan(const Scenario& s, const DataFiles& data) {
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
    add_served(a, data);
    a.runners_up = runners_up(a.search, *a.best);
    a.limits     = limits_of(a.search, *a.best);
    return a;
}

}  // namespace isobath
