// Dispatch and combine as DeepEP's own benchmarks run them.
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "model/comm/network.h"
#include "sim/validate/evaluators.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Hidden 7168, top-8 of 256 experts; the normal benchmark's groups are nodes, of which it chooses four.
ExchangeShape benchmark(int ranks, bool normal) {
    ExchangeShape shape{.ranks = ranks, .ranks_per_node = 8, .experts = 256, .top_k = 8, .hidden = 7168};
    if (!normal) return shape;
    shape.groups      = shape.nodes();
    shape.topk_groups = std::min(4, shape.nodes());
    return shape;
}

ClusterSpec benchmark_cluster(const std::string& gpu, const DataFiles& data) {
    ClusterSpec cluster;
    cluster.gpu = load_gpu(data, gpu);
    cluster.nic = load_nic(data, "cx7-400g");
    return cluster;
}

Predicted as_time(const Estimate& t) {
    return {t.time.base(), t.low.base(), t.high.base()};
}

}  // namespace

Predicted evaluate_exchange(const json& predict, const DataFiles& data) {
    const json& in    = predict["exchange"];
    const bool normal = in["mode"] == "normal", dispatch = in["kind"] == "dispatch";
    const double tokens   = in["tokens"];
    const CommLibrary lib = load_comm_library(data, in["library"]);
    const CommRates rates = resolve(lib, benchmark_cluster(in["gpu"], data));
    const ExchangeTraffic traffic =
        traffic_of(benchmark(in["ranks"], normal),
                   normal ? ExchangeMode::deepep_normal : ExchangeMode::deepep_low_latency, lib);
    const ExchangeCost cost = exchange(rates, traffic, tokens);
    const Estimate& t       = dispatch ? cost.dispatch : cost.combine;
    if (predict.value("as", "time") == "time") return as_time(t);
    const auto logical = dispatch ? logical_dispatch_bandwidth : logical_combine_bandwidth;
    return {logical(traffic, tokens, t.time).base(), logical(traffic, tokens, t.high).base(),
            logical(traffic, tokens, t.low).base()};
}

}  // namespace isobath
