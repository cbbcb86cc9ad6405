#include "sim/balance/placed_variant.h"

#include <fmt/format.h>

#include "sim/memory_demand.h"
#include "sim/rates.h"
#include "sim/resolve_routing.h"

namespace isobath {
namespace {

constexpr int kSlotRows = 5;

Seconds experts_time(const StepWorkspace& work, const StepTimes& times) {
    return times.straggler * work.stages[std::size_t(Stage::experts)].time;
}

/// Time of the busiest rank's experts over the mean rank's. A fused kernel's time is the busiest rank's
/// already, so it is held against the same kernel with the mean rank's rows.
double time_ratio(const StepModel& model, const StepWorkspace& work, const StepTimes& times) {
    Seconds busiest, mean;
    for (const LayerOp& op : work.ops)
        if (const auto* fused = std::get_if<FusedMoe>(&op.op)) {
            FusedMoe even = *fused;
            even.rows     = work.batch.expert_rows;
            busiest += model.kernels().cost(*fused, model.compute_sms()).estimate.time;
            mean += model.kernels().cost(even, model.compute_sms()).estimate.time;
        }
    return mean > Seconds{} ? busiest / mean : times.straggler;
}

void add_memory(const StepModel& model, const StepInput& input, const Batch& batch, PlacedVariant& v) {
    const MemoryUse use = memory_of(model.weights(), memory_demand(model.scenario(), batch, input));
    v.expert_weights    = model.weights().routed;
    v.weights           = model.weights().total();
    v.free              = use.free;
    v.fits              = use.fits;
}

void add_endless(const Scenario& s, PlacedVariant& v) {
    if (s.placement == Balancer::ideal) return;
    const ExpertPlacement placement = placement_of(s, s.layout);
    v.mean_over_max                 = mean_over_max(*s.load, placement);
    v.max_over_mean                 = max_over_mean(*s.load, placement);
}

PlacedVariant renamed(PlacedVariant variant, const std::string& name) {
    variant.name = name;
    return variant;
}

/// Redundant experts that make `experts` divide over the ranks, the fewest first.
int fewest_redundant(const Scenario& s) {
    const int ep = s.layout.ep;
    return (ep - s.model.moe->n_routed_experts % ep) % ep;
}

}  // namespace

StepInput input_of(const Scenario& s) {
    return {s.workload.batch_per_gpu, s.phase == Phase::prefill ? s.workload.isl : s.workload.context};
}

Scenario placed_as(Scenario s, Balancer placement, int redundant) {
    s.placement        = placement;
    s.layout.redundant = redundant;
    return s;
}

Scenario in_distribution(Scenario s) {
    s.planned_load = s.load;
    s.planned_on   = "same";
    return s;
}

PlacedVariant judge(const Scenario& s, const StepInput& input, const DataFiles& data,
                    const std::string& name) {
    PlacedVariant v{.name = name, .placement = s.placement, .redundant = s.layout.redundant};
    const StepModel model(s, data);
    StepWorkspace work;
    const StepTimes times  = evaluate(model, input, work);
    const Rates rates      = rates_of(s, input, times.step);
    v.step                 = times.step;
    v.experts              = experts_time(work, times);
    v.max_over_mean_tokens = 1 + excess_rows(model, work.batch) / work.batch.expert_rows;
    v.max_over_mean_time   = time_ratio(model, work, times);
    v.tokens_per_s_gpu =
        s.phase == Phase::prefill ? rates.input_tokens_per_s_gpu : rates.output_tokens_per_s_gpu;
    add_memory(model, input, work.batch, v);
    add_endless(s, v);
    return v;
}

std::vector<PlacedVariant> judge_variants(const Scenario& s, const StepInput& input, const DataFiles& data) {
    std::vector<PlacedVariant> out;
    const int redundant = s.layout.redundant;
    const auto add      = [&](const Scenario& variant, const char* name) {
        out.push_back(judge(variant, input, data, name));
    };
    if (fewest_redundant(s) == 0) add(placed_as(s, Balancer::none, 0), "own order");
    if (redundant > 0) add(in_distribution(placed_as(s, Balancer::replicate, redundant)), "copies only");
    add(s, "as planned");
    if (s.placement == Balancer::eplb && s.planned_load == s.load)
        out.push_back(renamed(out.back(), "EPLB"));
    else
        add(in_distribution(placed_as(s, Balancer::eplb, redundant)), "EPLB");
    add(placed_as(s, Balancer::ideal, redundant), "ideal");
    return out;
}

std::vector<PlacedVariant> judge_slots(const Scenario& s, const StepInput& input, const DataFiles& data,
                                       const PlacedVariant& planned) {
    std::vector<PlacedVariant> out;
    const Balancer placement = s.placement == Balancer::none ? Balancer::eplb : s.placement;
    const int rows           = s.layout.ep > 1 ? kSlotRows : 1;
    for (int i = 0; i < rows; ++i) {
        const int redundant    = fewest_redundant(s) + i * s.layout.ep;
        const std::string name = fmt::format("{} redundant", redundant);
        const bool known       = planned.placement == placement && planned.redundant == redundant;
        out.push_back(known ? renamed(planned, name)
                            : judge(placed_as(s, placement, redundant), input, data, name));
    }
    return out;
}

std::vector<double> rank_shares(const Scenario& s) {
    const auto ranks = std::size_t(s.layout.ep);
    if (s.placement == Balancer::ideal) return std::vector<double>(std::size_t(s.load->layers) * ranks, 1.0);
    std::vector<double> out = rank_loads(*s.load, placement_of(s, s.layout));
    for (int l = 0; l < s.load->layers; ++l) {
        const auto layer  = std::span(out).subspan(std::size_t(l) * ranks, ranks);
        const double mean = total(layer) / double(ranks);
        for (double& share : layer) share = mean > 0 ? share / mean : 1;
    }
    return out;
}

}  // namespace isobath
