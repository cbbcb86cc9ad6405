#include "sim/served/cache_room.h"

#include <algorithm>

#include "sim/batch.h"

namespace isobath {

MemoryUse memory_in_use(const StepModel& m, double requests, double context, double tokens) {
    const Scenario& s = m.scenario();
    const StepInput in{requests / (s.layout.attention_tp * s.layout.attention_cp), context};
    const Batch batch   = batch_of(s, m.exchange(), in.batch_per_gpu, in.context, s.speculation.drafts() + 1,
                                   m.traffic_at(0).distinct_ranks);
    MemoryDemand demand = memory_demand(s, batch, in);
    demand.tokens       = std::max(demand.tokens, tokens);
    return memory_of(m.weights(), demand);
}

}  // namespace isobath
