#include "sim/planner/next_node.h"

#include <algorithm>

namespace isobath {

std::vector<Capacity> capacities(const Scenario& asked, int gpus, const DataFiles& data) {
    Scenario s       = asked;
    s.plan.demand    = PlanDemand::all;
    s.plan.objective = Objective::throughput;
    s.plan.growth    = 0;
    std::vector<Capacity> out;
    const int node = std::max(1, s.cluster.gpus_per_node);
    for (const int more : {-node, 0, node}) {
        if (gpus + more < 1) continue;
        s.plan.max_gpus        = gpus + more;
        const PlanSearch found = search_plans(s, data);
        Capacity c{gpus + more, 0, 0, 0, ""};
        if (!found.records.empty()) {
            const PlanRecord& r = found.records.front();
            c                   = {gpus + more, r.tokens_per_s, r.clients, r.usd, words_of(found, r)};
        }
        out.push_back(c);
    }
    return out;
}

}  // namespace isobath
