// A training run as JSON: SI units; keys that stay are in scenarios/schema/train.json.
#include <nlohmann/json.hpp>

#include "sim/scenario_reader.h"
#include "sim/train/train.h"

namespace isobath {
namespace {

using nlohmann::json;

json layer_json(const TrainResult& r) {
    const auto role = [&](ChunkRole c) { return r.layer.roles[static_cast<std::size_t>(c)].base(); };
    return {{"period_s", r.layer.span.base()},
            {"compute_busy_s", r.layer.compute_busy.base()},
            {"comm_busy_s", r.layer.comm_busy.base()},
            {"attention_forward_s", role(ChunkRole::attention_forward)},
            {"mlp_forward_s", role(ChunkRole::ffn_forward)},
            {"mlp_input_s", role(ChunkRole::ffn_input)},
            {"mlp_weight_s", role(ChunkRole::ffn_weight)},
            {"mlp_weight_main_stream_s", r.layer_weight_main_stream.base()},
            {"attention_input_s", role(ChunkRole::attention_input)},
            {"attention_weight_s", role(ChunkRole::attention_weight)},
            {"dispatch_forward_s", role(ChunkRole::dispatch_forward)},
            {"combine_forward_s", role(ChunkRole::combine_forward)},
            {"dispatch_backward_s", role(ChunkRole::dispatch_backward)},
            {"combine_backward_s", role(ChunkRole::combine_backward)}};
}

json stages_json(const TrainResult& r) {
    json out = json::array();
    for (std::size_t i = 0; i < r.step.stages.size(); ++i) {
        const StageParts& p = r.step.stages[i];
        const ChunkTimes& t = r.step.costs.stages[i];
        out.push_back({{"dense_layers", p.dense},
                       {"moe_layers", p.moe},
                       {"mtp_modules", p.mtp},
                       {"heads", p.heads},
                       {"embedding", p.embedding},
                       {"forward_s", t.forward.base()},
                       {"backward_s", t.backward.base()},
                       {"weight_s", t.weight.base()},
                       {"pair_s", r.step.costs.pair(int(i), int(r.step.stages.size() - 1 - i)).base()}});
    }
    return out;
}

json pipeline_json(const TrainResult& r) {
    return {{"schedule", name_of(r.layout.schedule)},  {"micro_batches", r.step.batches},
            {"forward_s", r.step.mean.forward.base()}, {"backward_s", r.step.mean.backward.base()},
            {"weight_s", r.step.mean.weight.base()},   {"overlapped_s", r.step.mean.pair.base()},
            {"bubble_s", r.step.mean.bubble.base()},   {"bubble_closed_form_s", r.step.closed_bubble.base()},
            {"send_s", r.step.costs.send.base()},      {"stages", stages_json(r)}};
}

json optimiser_json(const OptimiserTimes& o) {
    return {{"time_s", o.all().base()},
            {"reduce_s", o.reduce.base()},
            {"update_s", o.update.base()},
            {"gather_s", o.gather.base()}};
}

json memory_json(const TrainResult& r) {
    const TrainMemory& m = r.step.memory;
    return {{"rank", r.step.fullest},
            {"weights", m.weights.base()},
            {"gradients", m.gradients.base()},
            {"optimiser", m.optimiser.base()},
            {"activations", m.activations.base()},
            {"transient", m.transient.base()},
            {"buffers", m.buffers.base()},
            {"used", m.used().base()},
            {"capacity", m.capacity.base()}};
}

json exchange_json(const TrainResult& r) {
    const ExchangeTimes& x = r.costs.exchange;
    return {{"dispatch_s", x.dispatch.base()},
            {"repeated_dispatch_s", x.repeat.base()},
            {"combine_s", x.combine.base()},
            {"dispatch_nic_bytes", x.dispatch_rdma.base()},
            {"combine_nic_bytes", x.combine_rdma.base()},
            {"nodes_per_token", x.distinct_nodes},
            {"ranks_per_token", x.distinct_ranks},
            {"busiest_rank", r.costs.imbalance.rank},
            {"busiest_node", r.costs.imbalance.node},
            {"dropped", r.costs.imbalance.dropped}};
}

json phases_json(const TrainResult& r) {
    json out = json::array();
    for (const TrainPhaseResult& p : r.phases)
        out.push_back({{"name", p.spec.name},
                       {"stated", p.spec.stated()},
                       {"tokens", p.spec.tokens},
                       {"sequence", p.spec.stated() ? 0 : p.layout.sequence},
                       {"steps", p.steps},
                       {"step_s", p.step.base()},
                       {"gpu_hours", p.gpu_hours},
                       {"fits", p.fits}});
    return out;
}

json goodput_json(const TrainResult& r) {
    return {{"job_mtbf_s", r.failures.mtbf.base()},
            {"checkpoint_interval_s", r.checkpoint_interval.base()},
            {"goodput", 1 / r.wall_per_useful},
            {"gpu_hours", r.gpu_hours * r.wall_per_useful}};
}

json provenance_json(const TrainResult& r) {
    json out;
    for (std::size_t i = 0; i < kSourceCount; ++i)
        out[std::string(name_of(static_cast<Source>(i)))] = r.step.by_source[i];
    return out;
}

/// By JSON pointer, as `run` has them.
json ranges_json(const TrainResult& r) {
    const double t = r.step.time.base(), low = r.step_range.low.base(), high = r.step_range.high.base();
    const double day = r.tokens_per_day * t;
    return {{"/step_s", {low, high}},
            {"/layer/period_s", {r.layer_range.low.base(), r.layer_range.high.base()}},
            {"/tokens_per_day", {day / high, day / low}},
            {"/mfu", {r.mfu * t / high, r.mfu * t / low}}};
}

}  // namespace

json to_json(const TrainResult& r) {
    json out{{"scenario", to_json(r.scenario)},
             {"fits", r.fits()},
             {"gpu_hours", r.gpu_hours},
             {"usd", r.usd},
             {"megawatt_hours", r.megawatt_hours},
             {"days", r.days},
             {"step_s", r.step.time.base()},
             {"bubble_s", r.step.mean.bubble.base()},
             {"tokens_per_step", tokens_per_step(r.layout)},
             {"tokens_per_day", r.tokens_per_day},
             {"gpu_hours_per_trillion_tokens",
              r.layout.gpus() * r.step.time.base() / 3600 / tokens_per_step(r.layout) * 1e12},
             {"flop_per_token", r.flop_per_token.base()},
             {"mfu", r.mfu},
             {"hardware_utilisation", r.hardware_utilisation},
             {"layer", layer_json(r)},
             {"pipeline", pipeline_json(r)},
             {"optimiser", optimiser_json(r.step.optimiser)},
             {"memory", memory_json(r)},
             {"exchange", exchange_json(r)},
             {"phases", phases_json(r)},
             {"failures", goodput_json(r)},
             {"provenance", provenance_json(r)},
             {"ranges", ranges_json(r)}};
    return out;
}

}  // namespace isobath
