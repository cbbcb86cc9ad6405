// Dispatch and combine: messages from the routing, bytes on the busiest port, a floor and the slower port.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/explain/collective.h"
#include "sim/explain/exchange_fit.h"
#include "sim/explain/study.h"

namespace isobath {
namespace {

/// A constant of the library on this hardware, its interval as a factor.
template <class Q>
Known constant(const char* name, const Constant<Q>& c, const std::string& from) {
    return between(known(name, c.value, from), (c.value / c.spread).base(), (c.spread * c.value).base());
}

/// A floor and the rates of the two ports, with what the library's preset says of each.
struct Ports {
    DelayConstant alpha;
    RateConstant nic, wire;
    std::string alpha_source, nic_source, wire_source, fit_source;
};

std::string fit_words(const FitResidual& fit) {
    return fmt::format("fit of {} rows, rms {:.1f} %, worst {:.1f} %: {}", fit.rows, 100 * fit.rms,
                       100 * fit.max, fit.source);
}

Ports normal(const Study& study, bool dispatch) {
    const ThroughputRates& r   = study.model.rates().throughput.value();
    const ThroughputKernels& k = study.model.library().throughput.value();
    const bool across          = study.traffic.shape.nodes() > 1;
    return {dispatch ? r.dispatch_alpha : r.combine_alpha,
            r.rdma,
            across ? r.forwarding : r.nvlink,
            dispatch ? k.dispatch_alpha.source : k.combine_alpha.source,
            k.rdma.source,
            across ? k.nvlink_forwarding.source : k.nvlink.source,
            fit_words(k.fit)};
}

Ports low_latency(const Study& study) {
    const LatencyRates& r   = study.model.rates().latency.value();
    const LatencyKernels& k = study.model.library().latency.value();
    const bool nvlink = study.traffic.nvlink.mean > 0, rdma = study.traffic.rdma.mean > 0;
    const auto& [alpha, delay] = !rdma    ? std::pair{r.nvlink_alpha, k.nvlink_alpha}
                                 : nvlink ? std::pair{r.mixed_alpha, k.mixed_alpha}
                                          : std::pair{r.rdma_alpha, k.rdma_alpha};
    return {alpha, r.rdma, r.nvlink, delay.source, k.rdma.source, k.nvlink.source, fit_words(k.fit)};
}

Ports domain(const Study& study, bool dispatch) {
    const DomainRates& r    = study.model.rates().domain.value();
    const DomainKernels& k  = study.model.library().domain.value();
    const CommRate& rate    = dispatch ? k.dispatch : k.combine;
    const CommDelay& alpha  = dispatch ? k.dispatch_alpha : k.combine_alpha;
    const RateConstant wire = dispatch ? r.dispatch : r.combine;
    return {dispatch ? r.dispatch_alpha : r.combine_alpha,
            wire,
            wire,
            alpha.source,
            rate.source,
            rate.source,
            fit_words(k.fit)};
}

Ports ports_of(const Study& study, bool dispatch) {
    switch (study.traffic.mode) {
        case ExchangeMode::deepep_normal: return normal(study, dispatch);
        case ExchangeMode::mnnvl: return domain(study, dispatch);
        default: return low_latency(study);
    }
}

void add_traffic(const Study& study, bool dispatch, Explanation& e) {
    const Scenario& s        = study.scenario();
    const ExchangeTraffic& t = study.traffic;
    const ExchangeCost& x    = study.result.exchange;
    const PortUse& use       = dispatch ? x.dispatch_ports : x.combine_ports;
    const Bytes message      = dispatch ? t.dispatch_message : t.combine_message;
    e.inputs.push_back(known("ranks", t.shape.ranks, "", "/layout/experts/ep * tp"));
    e.inputs.push_back(
        known("ranks of a domain", t.shape.ranks_per_node, "", field("/cluster/nvlink_domain")));
    e.inputs.push_back(known("experts", t.shape.experts, "", "n_routed_experts + redundant"));
    e.inputs.push_back(known("experts per token", t.shape.top_k, "", "model num_experts_per_tok"));
    e.inputs.push_back(known("groups", t.shape.topk_groups, fmt::format("of {}", t.shape.groups),
                             "model topk_group, /routing/gate"));
    e.inputs.push_back(known("hidden", t.shape.hidden, "", "model hidden_size"));
    e.inputs.push_back(named("format", std::string(name_of(dispatch ? t.shape.dispatch : t.shape.combine)),
                             dispatch ? "precision.dispatch" : "precision.combine"));
    e.inputs.push_back(named("kernels", std::string(name_of(t.mode)), field("/layout/comm")));
    e.inputs.push_back(
        named("library", study.model.library().name,
              s.layout.comm_library == "auto" ? "newest for this GPU" : field("/layout/comm_library")));
    e.steps.push_back(known("message", message, "a token's numbers and scales, and the kernel's own bytes"));
    e.steps.push_back(known("distinct ranks", t.distinct_ranks, "", "that a token reaches, mean"));
    e.steps.push_back(known("distinct nodes", t.distinct_nodes, "", "that a token reaches, mean"));
    e.steps.push_back(
        known("busiest NIC", use.rdma,
              fmt::format("E[max over ranks]; the mean port has {}", show(use.rdma_mean.base(), "B"))));
    e.steps.push_back(
        known("busiest NVLink port", use.nvlink,
              fmt::format("E[max over ranks]; the mean port has {}", show(use.nvlink_mean.base(), "B"))));
}

void add_ports(const Study& study, bool dispatch, Explanation& e) {
    const Ports p = ports_of(study, dispatch);
    const PortUse& use =
        dispatch ? study.result.exchange.dispatch_ports : study.result.exchange.combine_ports;
    const std::string library = study.model.library().name + ": ";
    e.equation                = {
                       "t = floor + max(busiest NIC / NIC rate, busiest NVLink port / NVLink rate)",
                       "busiest port = mean messages * tokens + excess * sqrt(tokens), times the bytes of a message",
                       "In words: a floor of the library's version, and then the slower of two wires at the fullest rank."};
    e.inputs.push_back(constant("floor", p.alpha, library + p.alpha_source));
    if (use.rdma > Bytes{}) e.inputs.push_back(constant("NIC rate", p.nic, library + p.nic_source));
    if (use.nvlink > Bytes{}) e.inputs.push_back(constant("NVLink rate", p.wire, library + p.wire_source));
    e.inputs.push_back(named("these constants",
                             p.alpha.source == Source::fitted ? "fitted here" : "carried over",
                             library + p.fit_source));
    const Seconds nic  = use.rdma > Bytes{} ? use.rdma / p.nic.value : Seconds{};
    const Seconds wire = use.nvlink > Bytes{} ? use.nvlink / p.wire.value : Seconds{};
    e.steps.push_back(known("over the NIC", nic, "bytes / NIC rate"));
    e.steps.push_back(known("over NVLink", wire, "bytes / NVLink rate"));
    e.steps.push_back(known("time", p.alpha.value + std::max(nic, wire), "floor + the slower wire"));
}

/// NCCL gathers every token everywhere, and scatters partial sums back.
void add_gathered(const Study& study, bool dispatch, Explanation& e) {
    const ExchangeTraffic& t = study.traffic;
    const Bytes message      = dispatch ? t.dispatch_message : t.combine_message;
    const Bytes buffer = study.batch().moe_tokens * study.scenario().max_over_mean * t.shape.ranks * message;
    const CommGroup group{t.shape.ranks, std::min(t.shape.ranks, t.shape.ranks_per_node)};
    add_ring(study, dispatch ? Collective::all_gather : Collective::reduce_scatter, buffer, group, e);
}

}  // namespace

Explanation explain_exchange(const Study& study, const std::string& name) {
    const bool dispatch      = name == "dispatch";
    const Estimate& estimate = dispatch ? study.result.exchange.dispatch : study.result.exchange.combine;
    Explanation e{
        .op    = name,
        .title = dispatch ? "tokens travel to their experts" : "experts' outputs travel back and are summed"};
    add_tokens(study, e);
    add_routing(study, e);
    add_traffic(study, dispatch, e);
    if (study.traffic.mode == ExchangeMode::nccl_all_gather)
        add_gathered(study, dispatch, e);
    else if (!add_fitted_exchange(study, dispatch, e))
        add_ports(study, dispatch, e);
    e.result = known("time", estimate, "");
    e.source = name_of(estimate.source);
    e.bound  = "network";
    for (const OpRow& row : study.result.ops)
        if (row.name == name) e.runs = row.count;
    return e;
}

}  // namespace isobath
