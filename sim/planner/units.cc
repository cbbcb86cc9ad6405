#include "sim/planner/units.h"

#include <algorithm>

#include "sim/batch.h"
#include "sim/memory_demand.h"

namespace isobath {
namespace {

double per_gpu(const Scenario& s, double requests) {
    return requests / (s.layout.attention_tp * s.layout.attention_cp);
}

std::unique_ptr<StepModel> model_of(Scenario s, Phase phase, const DataFiles& data,
                                    const std::shared_ptr<PlacedLoads>& shared) {
    s.phase = phase;
    return std::make_unique<StepModel>(s, data, shared);
}

}  // namespace

UnitModels::UnitModels(const Scenario& prefill, const std::vector<Scenario>& decodes,
                       const ClusterChoice& cluster, const DataFiles& data,
                       std::shared_ptr<PlacedLoads> shared)
    : gpus_per_node_(cluster.gpus_per_node),
      nvlink_domain_(cluster.nvlink_domain),
      prefill_(model_of(prefill, Phase::prefill, data, shared)) {
    for (const Scenario& s : decodes) decodes_.push_back(model_of(s, Phase::decode, data, shared));
}

void UnitModels::lay_out(StepModel& model, const UnitLayout& unit) const {
    if (unit.gpus != gpus_) {
        const int per = std::min(unit.gpus, gpus_per_node_);
        model.set_cluster((unit.gpus + per - 1) / per, per, std::min(unit.gpus, nvlink_domain_));
    }
    model.set_layout(unit.layout);
}

void UnitModels::lay_out(const UnitLayout& unit) {
    lay_out(*prefill_, unit);
    for (const auto& model : decodes_) lay_out(*model, unit);
    gpus_ = unit.gpus;
}

double UnitSteps::slots(const StepModel& m, double chunk, double max_running) {
    const Scenario& s = m.scenario();
    const StepInput in{per_gpu(s, 1), q_.prompt + q_.answer};
    const Batch batch   = batch_of(s, m.exchange(), in.batch_per_gpu, in.context, s.speculation.drafts() + 1,
                                   m.traffic_at(0).distinct_ranks);
    MemoryDemand demand = memory_demand(s, batch, in);
    demand.tokens       = std::max(demand.tokens, chunk);
    const MemoryUse use = memory_of(m.weights(), demand);
    const double slots  = use.max_total_tokens / (q_.prompt + s.engine.answer_reserved.value * q_.answer);
    return max_running > 0 ? std::min(slots, max_running) : slots;
}

double UnitSteps::decode(const StepModel& m, double requests, bool& fits, const Bend& bend) {
    const Scenario& s = m.scenario();
    const StepInput in{per_gpu(s, requests), q_.prompt + q_.answer / 2};
    double step = evaluate(m, in, work_, bend).step.base();
    ++steps_;
    fits = memory_of(m.weights(), memory_demand(s, work_.batch, in)).fits;
    if (s.speculation.drafts() > 0)
        step += requests * s.layout.attention_dp * s.engine.speculation_per_request.value.base();
    return step;
}

double UnitSteps::prefill(const StepModel& m, double prompts, const Bend& bend) {
    // As prompts of twice the context that a computed token attends to in the mean.
    const Scenario& s   = m.scenario();
    const double length = std::max(1.0, q_.prompt * (1 + q_.cached));
    const double count  = std::max(1.0, prompts * q_.prompt * (1 - q_.cached)) / length;
    const StepTimes t   = evaluate(m, {per_gpu(s, count), length}, work_, bend);
    ++steps_;
    return (t.step - t.host + s.engine.prefill_step_overhead.value).base();
}

bool UnitSteps::prefill_fits(const StepModel& m) {
    const Scenario& s = m.scenario();
    const StepInput in{per_gpu(s, 1), q_.prompt};
    const Batch batch =
        batch_of(s, m.exchange(), in.batch_per_gpu, in.context, 1, m.traffic_at(0).distinct_ranks);
    return memory_of(m.weights(), memory_demand(s, batch, in)).fits;
}

}  // namespace isobath
