// The `run` object: keys are a contract, values are SI.
#include <nlohmann/json.hpp>

#include "sim/run_result.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

double s(Seconds t) {
    return t.in(unit::s);
}
double bytes(Bytes b) {
    return b.in(unit::B);
}

json memory_json(const MemoryUse& m) {
    return {{"weights", bytes(m.weights)},
            {"kv", bytes(m.kv)},
            {"activations", bytes(m.activations)},
            {"buffers", bytes(m.buffers)},
            {"capacity", bytes(m.capacity)},
            {"free", bytes(m.free)},
            {"max_total_tokens", m.max_total_tokens},
            {"max_batch_per_gpu", m.max_batch}};
}

json advice_json(const FitAdvice& a) {
    return {{"largest_batch_per_gpu", a.batch_per_gpu},
            {"weights_fit", a.weights_fit},
            {"ep_for_weights", a.ep},
            {"tp_for_weights", a.tp}};
}

json ops_json(const RunResult& r) {
    json ops = json::array();
    for (const OpRow& op : r.ops)
        ops.push_back({{"name", op.name},
                       {"layer_kind", op.layer_kind},
                       {"stream", op.stream},
                       {"count", op.count},
                       {"time_s", s(op.time.time)},
                       {"low_s", s(op.time.low)},
                       {"high_s", s(op.time.high)},
                       {"flop", op.work.flop.base()},
                       {"bytes", bytes(op.work.bytes)},
                       {"bound", name_of(op.bound)},
                       {"source", name_of(op.time.source)}});
    return ops;
}

json step_json(const RunResult& r) {
    const StepTimes& t = r.times;
    const double layers =
        r.scenario.model.moe ? r.scenario.model.moe_layers() : r.scenario.model.num_hidden_layers;
    return {{"time_s", s(t.step)},
            {"low_s", s(r.step_range.low)},
            {"high_s", s(r.step_range.high)},
            {"layers_s", s(t.layers)},
            {"ends_s", s(t.ends)},
            {"drafts_s", s(t.drafts)},
            {"host_s", s(t.host)},
            {"compute_s", layers * s(t.compute)},
            {"network_s", layers * s(t.network)},
            {"exposed_network_s", layers * s(t.exposed_network)},
            {"ops", ops_json(r)}};
}

json layer_json(const RunResult& r) {
    json parts;
    for (int i = 0; i < kLayerPartCount; ++i)
        parts[std::string(name_of(static_cast<LayerPart>(i))) + "_s"] =
            s(r.times.parts[static_cast<std::size_t>(i)]);
    const Seconds period = r.scenario.model.moe ? r.times.moe_layer : r.times.dense_layer;
    return {{"kind", r.scenario.model.moe ? "moe" : "dense"},
            {"period_s", s(period)},
            {"low_s", s(r.layer_range.low)},
            {"high_s", s(r.layer_range.high)},
            {"attention_s", s(r.times.attention)},
            {"routed_activation_s", s(r.times.routed_activation)},
            {"micro_batches", micro_batches(r.scenario.layout.overlap)},
            {"parts", parts},
            {"dense_period_s", s(r.times.dense_layer)}};
}

json throughput_json(const RunResult& r) {
    json out;
    const ClusterSpec& c = r.asked.cluster;
    const int gpus       = r.served ? r.served->gpus : c.gpus();
    for (const auto& [kind, rate] :
         {std::pair{"output", r.output_tokens_per_s_gpu}, {"input", r.input_tokens_per_s_gpu}}) {
        const std::string key = std::string(kind) + "_tokens_per_s_per_";
        out[key + "gpu"]      = rate;
        out[key + "node"]     = rate * c.gpus_per_node;
        out[key + "cluster"]  = rate * gpus;
    }
    return out;
}

json provenance_json(const RunResult& r) {
    json out;
    Seconds all;
    for (const Seconds t : r.times.by_source) all += t;
    for (int i = 0; i < kSourceCount; ++i)
        out[std::string(name_of(static_cast<Source>(i)))] =
            all > Seconds{} ? r.times.by_source[static_cast<std::size_t>(i)] / all : 0;
    return out;
}

json network_json(const RunResult& r) {
    const ExchangeCost& x = r.exchange;
    return {{"dispatch_s", s(x.dispatch.time)},
            {"combine_s", s(x.combine.time)},
            {"dispatch_rdma_bytes", bytes(x.dispatch_ports.rdma)},
            {"dispatch_nvlink_bytes", bytes(x.dispatch_ports.nvlink)},
            {"combine_rdma_bytes", bytes(x.combine_ports.rdma)},
            {"combine_nvlink_bytes", bytes(x.combine_ports.nvlink)}};
}

void add_served_ranges(const ServedResult& served, json& out) {
    out["/latency/tpot_s"] = {s(served.tpot.low), s(served.tpot.high)};
    out["/latency/ttft_s"] = {s(served.ttft.low), s(served.ttft.high)};
}

json served_json(const ServedResult& v) {
    const LoopResult& l = v.loop;
    return {{"gpus", v.gpus},
            {"running_per_rank", l.running},
            {"waiting_per_rank", l.waiting},
            {"prompts_per_prefill_step", l.together},
            {"decode_step_s", s(l.decode_step)},
            {"prefill_step_s", s(l.prefill_step)},
            {"tpot_stall_s", s(l.stall)},
            {"ttft_first_wave_s", s(l.first_wave)},
            {"ttft_queue_s", s(l.queue)},
            {"ttft_own_prefill_s", s(l.own_prefill)}};
}

/// 80 % intervals of the times and rates above, by their place: {"/step/time_s": [low, high]}.
json ranges_json(const RunResult& r) {
    const auto pair = [](Range x) { return json{s(x.low), s(x.high)}; };
    json out{{"/step/time_s", pair(r.step_range)},
             {"/step/layers_s", pair(r.layers_range)},
             {"/layer/period_s", pair(r.layer_range)}};
    for (int i = 0; i < kLayerPartCount; ++i)
        out["/layer/parts/" + std::string(name_of(static_cast<LayerPart>(i))) + "_s"] =
            pair(r.part_ranges[static_cast<std::size_t>(i)]);
    if (r.served) {
        add_served_ranges(*r.served, out);
        return out;
    }
    const double step = s(r.times.step);
    const json rates  = throughput_json(r);
    for (const auto& [key, value] : rates.items())
        out["/throughput/" + key] = {value.get<double>() * step / s(r.step_range.high),
                                     value.get<double>() * step / s(r.step_range.low)};
    return out;
}

}  // namespace

json to_json(const RunResult& r) {
    json out{
        {"scenario", to_json(r.asked)},
        {"fits", r.fits},
        {"memory", memory_json(r.memory)},
        {"step", step_json(r)},
        {"layer", layer_json(r)},
        {"throughput", throughput_json(r)},
        {"latency", {{"tpot_s", s(r.tpot)}, {"ttft_s", s(r.ttft)}}},
        {"speculation",
         {{"tokens_per_step", r.tokens_per_step}, {"acceptance", r.scenario.speculation.survival}}},
        {"balance",
         {{"max_over_mean_tokens", r.exchange.ingress_messages_mean > 0
                                       ? r.exchange.ingress_messages_max / r.exchange.ingress_messages_mean
                                       : 1},
          {"max_over_mean_time", r.times.straggler}}},
        {"cost",
         {{"usd_per_hour", r.usd_per_hour},
          {"usd_per_million_output_tokens", r.usd_per_million_output_tokens},
          {"usd_per_million_input_tokens", r.usd_per_million_input_tokens}}},
        {"provenance", provenance_json(r)}};
    out["ranges"] = ranges_json(r);
    if (!r.fits) out["advice"] = advice_json(r.advice);
    if (r.served) out["served"] = served_json(*r.served);
    if (r.exchanges) out["network"] = network_json(r);
    json sensitivity = json::array();
    for (const FamilyShare& f : r.sensitivity)
        sensitivity.push_back({{"family", name_of(f.family)}, {"down_s", s(f.down)}, {"up_s", s(f.up)}});
    out["sensitivity"] = sensitivity;
    return out;
}

}  // namespace isobath
