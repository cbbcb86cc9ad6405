#include "model/comm/network.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

struct Busiest {
    double rdma, nvlink;
};

PortUse use(const ExchangeTraffic& traffic, const Busiest& messages, double tokens, Bytes message) {
    return {messages.rdma * message, messages.nvlink * message, traffic.rdma.mean * tokens * message,
            traffic.nvlink.mean * tokens * message};
}

/// alpha, then the slower port; the source and interval are those of the port that binds.
Estimate slower(const DelayConstant& alpha, Bytes rdma, const RateConstant& nic, Bytes nvlink,
                const RateConstant& wire) {
    const Seconds over_nic  = rdma > Bytes{} ? rdma / nic.value : Seconds{};
    const Seconds over_wire = nvlink > Bytes{} ? nvlink / wire.value : Seconds{};
    const bool network      = over_nic > over_wire;
    const RateConstant& by  = network ? nic : wire;
    const Seconds port      = network ? over_nic : over_wire;
    return {alpha.value + port, alpha.value / alpha.spread + port / by.spread,
            alpha.spread * alpha.value + by.spread * port,
            alpha.value > Seconds{} ? weaker(alpha.source, by.source) : by.source};
}

/// A GPU that no row of the fit is from makes even a known NIC's constant an assumption, and the reverse.
Estimate as_weak_as(Estimate e, Source source) {
    e.source = weaker(e.source, source);
    return e;
}

/// Copies that the SMs of normal kernels make for a token: one per distinct rank, staged once per node too.
double copies_per_token(const ExchangeTraffic& traffic) {
    return traffic.distinct_ranks + (traffic.shape.nodes() > 1 ? traffic.distinct_nodes : 0);
}

Estimate fitted_way(const ExchangeCurves& curves, const ExchangeTraffic& traffic, const ExchangeLoad& load) {
    const ExchangeCurve& curve = curves.over(traffic.shape.nodes());
    const auto point           = at_nodes(curve, traffic.shape.nodes());
    return Estimate::within(time_of(point.constants, load), point.factor, curve.source);
}

/// False if the fits do not reach across nodes.
bool cost_fitted(ExchangeCost& cost, const std::optional<FittedExchange>& fitted,
                 const ExchangeTraffic& traffic, double tokens, int sms) {
    if (!fitted || fitted->dispatch.over(traffic.shape.nodes()).count == 0) return false;
    cost.dispatch = fitted_way(fitted->dispatch, traffic, load_of(traffic, tokens, false, sms));
    cost.combine  = fitted_way(fitted->combine, traffic, load_of(traffic, tokens, true, sms));
    return true;
}

void cost_normal(ExchangeCost& cost, const ThroughputRates& rates, const ExchangeTraffic& traffic,
                 double tokens) {
    const RateConstant& wire = traffic.shape.nodes() > 1 ? rates.forwarding : rates.nvlink;
    cost.sms     = rates.sms > 0 ? rates.sms : deepep_v2_sms(traffic, wire.value, rates.rdma.value);
    cost.barrier = rates.notify + tokens * rates.skew_per_token;
    if (cost_fitted(cost, rates.fitted, traffic, tokens, cost.sms)) return;
    cost.dispatch = as_weak_as(
        slower(rates.dispatch_alpha, cost.dispatch_ports.rdma, rates.rdma, cost.dispatch_ports.nvlink, wire),
        wire.source);
    cost.combine = as_weak_as(
        slower(rates.combine_alpha, cost.combine_ports.rdma, rates.rdma, cost.combine_ports.nvlink, wire),
        wire.source);
}

/// The kernels give each expert a share of the SMs: ceil(E / ceil(E / SMs)).
int low_latency_sms(int experts, int sm_count) {
    const int per_sm = (experts + sm_count - 1) / sm_count;
    return (experts + per_sm - 1) / per_sm;
}

void cost_messages(ExchangeCost& cost, const LatencyRates& rates, const ExchangeTraffic& traffic) {
    const bool over_nvlink = traffic.nvlink.mean > 0, over_rdma = traffic.rdma.mean > 0;
    const DelayConstant& alpha = !over_rdma    ? rates.nvlink_alpha
                                 : over_nvlink ? rates.mixed_alpha
                                               : rates.rdma_alpha;
    cost.dispatch =
        slower(alpha, cost.dispatch_ports.rdma, rates.rdma, cost.dispatch_ports.nvlink, rates.nvlink);
    cost.combine =
        slower(alpha, cost.combine_ports.rdma, rates.rdma, cost.combine_ports.nvlink, rates.nvlink);
}

void cost_low_latency(ExchangeCost& cost, const LatencyRates& rates, const ExchangeTraffic& traffic,
                      double tokens, int sm_count) {
    cost.sms = low_latency_sms(traffic.shape.experts, sm_count);
    if (!cost_fitted(cost, rates.fitted, traffic, tokens, cost.sms)) cost_messages(cost, rates, traffic);
    const Bytes out    = tokens * traffic.shape.top_k * traffic.dispatch_message;
    const Bytes back   = tokens * traffic.shape.top_k * traffic.combine_message;
    cost.dispatch_send = rates.dispatch_send.at(out);
    cost.dispatch_recv = rates.dispatch_recv.at(out);
    cost.combine_send  = rates.combine_send.at(back);
    cost.combine_recv  = rates.combine_recv.at(back);
}

Estimate nccl_messages(const CollectiveRates& rates, const ExchangeTraffic& traffic, const PortUse& ports,
                       Bytes buffer) {
    const int domain       = std::min(traffic.shape.ranks, traffic.shape.ranks_per_node);
    const CurvePoint point = point_of(rates, Collective::all_to_all, {traffic.shape.ranks, domain});
    const Seconds ramp{point.ramp * std::sqrt(buffer.base())};
    const DelayConstant alpha{point.alpha + ramp, point.source, point.spread};
    return slower(alpha, ports.rdma, rates.nic, ports.nvlink, {point.bandwidth, point.source, point.spread});
}

void cost_nccl(ExchangeCost& cost, const CollectiveRates& rates, const ExchangeTraffic& traffic,
               double tokens) {
    const CommGroup group{traffic.shape.ranks, std::min(traffic.shape.ranks, traffic.shape.ranks_per_node)};
    const bool gather = traffic.mode == ExchangeMode::nccl_all_gather;
    const double all  = tokens * (gather ? traffic.shape.ranks : traffic.shape.top_k);
    const Bytes out = all * traffic.dispatch_message, back = all * traffic.combine_message;
    cost.dispatch =
        gather ? all_gather(rates, out, group) : nccl_messages(rates, traffic, cost.dispatch_ports, out);
    cost.combine =
        gather ? reduce_scatter(rates, back, group) : nccl_messages(rates, traffic, cost.combine_ports, back);
    cost.sms = rates.sms;
}

void cost_domain(ExchangeCost& cost, const DomainRates& rates) {
    cost.dispatch =
        slower(rates.dispatch_alpha, Bytes{}, rates.dispatch, cost.dispatch_ports.nvlink, rates.dispatch);
    cost.combine =
        slower(rates.combine_alpha, Bytes{}, rates.combine, cost.combine_ports.nvlink, rates.combine);
    cost.sms     = rates.sms;
    cost.barrier = rates.prepare.value;
}

/// Copies that DeepEP's tables count: per distinct node, per distinct rank on one node, per expert in LL.
double counted_copies(const ExchangeTraffic& traffic) {
    if (traffic.mode == ExchangeMode::deepep_low_latency || traffic.mode == ExchangeMode::nccl_all_to_all)
        return traffic.shape.top_k;
    return traffic.shape.nodes() > 1 ? traffic.distinct_nodes : traffic.distinct_ranks;
}

BytesPerSecond logical(const ExchangeTraffic& traffic, Format format, double tokens, Seconds time) {
    return tokens * counted_copies(traffic) * traffic.shape.hidden * activation_bytes(format) * unit::B /
           time;
}

}  // namespace

ExchangeCost exchange(const CommRates& rates, const ExchangeTraffic& traffic, double tokens_per_rank) {
    const double tokens = tokens_per_rank;
    const Busiest messages{traffic.rdma.busiest(tokens), traffic.nvlink.busiest(tokens)};
    ExchangeCost cost;
    cost.dispatch_ports        = use(traffic, messages, tokens, traffic.dispatch_message);
    cost.combine_ports         = use(traffic, messages, tokens, traffic.combine_message);
    cost.ingress_messages_max  = traffic.ingress.busiest(tokens);
    cost.ingress_messages_mean = traffic.ingress.mean * tokens;
    switch (traffic.mode) {
        case ExchangeMode::deepep_normal: cost_normal(cost, rates.throughput.value(), traffic, tokens); break;
        case ExchangeMode::deepep_low_latency:
            cost_low_latency(cost, rates.latency.value(), traffic, tokens, rates.sm_count);
            break;
        case ExchangeMode::nccl_all_to_all:
        case ExchangeMode::nccl_all_gather:
            cost_nccl(cost, rates.collectives.value(), traffic, tokens);
            break;
        case ExchangeMode::mnnvl: cost_domain(cost, rates.domain.value());
    }
    return cost;
}

ExchangeLoad load_of(const ExchangeTraffic& traffic, double tokens, bool combine, int sms) {
    const Bytes message = combine ? traffic.combine_message : traffic.dispatch_message;
    return {tokens, tokens * copies_per_token(traffic) * message, traffic.nvlink.busiest(tokens) * message,
            traffic.rdma.busiest(tokens) * message, std::max(1, sms)};
}

BytesPerSecond logical_dispatch_bandwidth(const ExchangeTraffic& traffic, double tokens_per_rank,
                                          Seconds time) {
    return logical(traffic, traffic.shape.dispatch, tokens_per_rank, time);
}

BytesPerSecond logical_combine_bandwidth(const ExchangeTraffic& traffic, double tokens_per_rank,
                                         Seconds time) {
    return logical(traffic, traffic.shape.combine, tokens_per_rank, time);
}

int deepep_v2_sms(const ExchangeTraffic& traffic, BytesPerSecond nvlink, BytesPerSecond rdma) {
    constexpr double kWritePerSm = 50e9, kReserve = 1.25;
    const bool across     = traffic.shape.nodes() > 1;
    const double per_node = std::min(traffic.shape.ranks, traffic.shape.ranks_per_node);
    const double nodes    = traffic.shape.nodes();
    const double written  = traffic.distinct_ranks + (across ? traffic.distinct_nodes : 0);
    const double off_rank = traffic.distinct_ranks * (1 - 1 / per_node) / nvlink.base();
    const double off_node = across ? traffic.distinct_nodes * (1 - 1 / nodes) / rdma.base() : 0;
    const double slowest  = std::max(off_rank, off_node);
    if (!(slowest > 0)) return 4;
    const double sms = kReserve * written / slowest / kWritePerSm;
    return std::max(4, 2 * int(std::ceil(sms / 2)));
}

}  // namespace isobath
