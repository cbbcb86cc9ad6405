#include "sim/sweep/step_columns.h"

#include <cmath>

namespace isobath::sweep {
namespace {

double s(Seconds t) {
    return t.in(unit::s);
}
double bytes(Bytes b) {
    return b.in(unit::B);
}

double layers(const StepPoint& p) {
    const ModelSpec& m = p.scenario.model;
    return m.moe ? m.moe_layers() : m.num_hidden_layers;
}

template <LayerPart part>
double part_of(const StepPoint& p) {
    return s(p.times.parts[static_cast<std::size_t>(part)]);
}

template <Source source>
double share_of(const StepPoint& p) {
    Seconds all;
    for (const Seconds t : p.times.by_source) all += t;
    return all > Seconds{} ? p.times.by_source[static_cast<std::size_t>(source)] / all : 0;
}

double max_over_mean_tokens(const StepPoint& p) {
    const ExchangeCost none, &x = p.exchange ? *p.exchange : none;
    return x.ingress_messages_mean > 0 ? x.ingress_messages_max / x.ingress_messages_mean : 1;
}

/// Of the exchange, where there is one.
template <class Get>
double of_exchange(const StepPoint& p, Get get) {
    return p.exchange ? get(*p.exchange) : NAN;
}

struct Row {
    std::string_view pointer;
    StepColumn column;
};

#define GIVES [](const StepPoint& p) -> double
#define EXCHANGES(expression) \
    [](const StepPoint& p) { return of_exchange(p, [](const ExchangeCost& x) { return expression; }); }

const Row kRows[] = {{"/fits", GIVES{return p.memory.fits;
}  // namespace
}  // namespace isobath::sweep
, {"/memory/weights", GIVES{return bytes(p.memory.weights);
}
}
, {"/memory/kv", GIVES{return bytes(p.memory.kv);
}
}
, {"/memory/activations", GIVES{return bytes(p.memory.activations);
}
}
, {"/memory/buffers", GIVES{return bytes(p.memory.buffers);
}
}
, {"/memory/capacity", GIVES{return bytes(p.memory.capacity);
}
}
, {"/memory/free", GIVES{return bytes(p.memory.free);
}
}
, {"/memory/max_total_tokens", GIVES{return p.memory.max_total_tokens;
}
}
, {"/memory/max_batch_per_gpu", GIVES{return p.memory.max_batch;
}
}
, {"/step/time_s", GIVES{return s(p.times.step);
}
}
, {"/step/layers_s", GIVES{return s(p.times.layers);
}
}
, {"/step/ends_s", GIVES{return s(p.times.ends);
}
}
, {"/step/drafts_s", GIVES{return s(p.times.drafts);
}
}
, {"/step/host_s", GIVES{return s(p.times.host);
}
}
, {"/step/compute_s", GIVES{return layers(p) * s(p.times.compute);
}
}
, {"/step/network_s", GIVES{return layers(p) * s(p.times.network);
}
}
, {"/step/exposed_network_s", GIVES{return layers(p) * s(p.times.exposed_network);
}
}
, {"/layer/period_s", GIVES{return s(p.scenario.model.moe ? p.times.moe_layer : p.times.dense_layer);
}
}
, {"/layer/attention_s", GIVES{return s(p.times.attention);
}
}
, {"/layer/routed_activation_s", GIVES{return s(p.times.routed_activation);
}
}
, {"/layer/micro_batches", GIVES{return micro_batches(p.scenario.layout.overlap);
}
}
, {"/layer/dense_period_s", GIVES{return s(p.times.dense_layer);
}
}
, {"/layer/parts/attention_core_s", part_of<LayerPart::attention_core>},
    {"/layer/parts/dense_gemm_s", part_of<LayerPart::dense_gemm>},
    {"/layer/parts/expert_gemm_s", part_of<LayerPart::expert_gemm>},
    {"/layer/parts/other_s", part_of<LayerPart::other>},
    {"/layer/parts/launch_gaps_s", part_of<LayerPart::launch_gaps>},
    {"/layer/parts/dispatch_s", part_of<LayerPart::dispatch>},
    {"/layer/parts/combine_s", part_of<LayerPart::combine>},
    {"/layer/parts/dispatch_barrier_s", part_of<LayerPart::dispatch_barrier>},
    {"/layer/parts/combine_barrier_s", part_of<LayerPart::combine_barrier>},
    {"/layer/parts/all_reduce_s", part_of<LayerPart::all_reduce>},
    {"/layer/parts/compute_bubble_s", part_of<LayerPart::compute_bubble>},
    {"/layer/parts/comm_bubble_s", part_of<LayerPart::comm_bubble>},
    {"/throughput/output_tokens_per_s_per_gpu", GIVES{return p.rates.output_tokens_per_s_gpu;
}
}
, {"/throughput/output_tokens_per_s_per_node",
   GIVES{return p.rates.output_tokens_per_s_gpu * p.scenario.cluster.gpus_per_node;
}
}
, {"/throughput/output_tokens_per_s_per_cluster",
   GIVES{return p.rates.output_tokens_per_s_gpu * p.scenario.cluster.gpus();
}
}
, {"/throughput/input_tokens_per_s_per_gpu", GIVES{return p.rates.input_tokens_per_s_gpu;
}
}
, {"/throughput/input_tokens_per_s_per_node",
   GIVES{return p.rates.input_tokens_per_s_gpu * p.scenario.cluster.gpus_per_node;
}
}
, {"/throughput/input_tokens_per_s_per_cluster",
   GIVES{return p.rates.input_tokens_per_s_gpu * p.scenario.cluster.gpus();
}
}
, {"/latency/tpot_s", GIVES{return s(p.rates.tpot);
}
}
, {"/latency/ttft_s", GIVES{return s(p.rates.ttft);
}
}
, {"/speculation/tokens_per_step", GIVES{return p.rates.tokens_per_step;
}
}
, {"/balance/max_over_mean_tokens", max_over_mean_tokens},
    {"/balance/max_over_mean_time", GIVES{return p.times.straggler;
}
}
, {"/cost/usd_per_hour", GIVES{return p.rates.usd_per_hour;
}
}
, {"/cost/usd_per_million_output_tokens", GIVES{return p.rates.usd_per_million_output_tokens;
}
}
, {"/cost/usd_per_million_input_tokens", GIVES{return p.rates.usd_per_million_input_tokens;
}
}
, {"/provenance/measured", share_of<Source::measured>},
    {"/provenance/interpolated", share_of<Source::interpolated>},
    {"/provenance/fitted", share_of<Source::fitted>}, {"/provenance/roofline", share_of<Source::roofline>},
    {"/provenance/assumed", share_of<Source::assumed>},
    {"/network/dispatch_s", EXCHANGES(s(x.dispatch.time))},
    {"/network/combine_s", EXCHANGES(s(x.combine.time))},
    {"/network/dispatch_rdma_bytes", EXCHANGES(bytes(x.dispatch_ports.rdma))},
    {"/network/dispatch_nvlink_bytes", EXCHANGES(bytes(x.dispatch_ports.nvlink))},
    {"/network/combine_rdma_bytes", EXCHANGES(bytes(x.combine_ports.rdma))},
    {"/network/combine_nvlink_bytes", EXCHANGES(bytes(x.combine_ports.nvlink))},
}
;

#undef GIVES
#undef EXCHANGES

}  // namespace

StepColumn step_column(std::string_view pointer) {
    for (const Row& row : kRows)
        if (row.pointer == pointer) return row.column;
    return nullptr;
}

std::vector<std::string_view> step_column_names() {
    std::vector<std::string_view> names;
    for (const Row& row : kRows) names.push_back(row.pointer);
    return names;
}

}  // namespace isobath::sweep
