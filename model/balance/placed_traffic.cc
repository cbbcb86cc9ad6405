#include "model/balance/placed_traffic.h"

#include <cmath>

namespace isobath {
namespace {

void scale(PortLoad& port, const PlacedLoad::Reach& reach) {
    port.mean *= reach.of_even;
    port.excess *= std::sqrt(reach.of_even);
    port.skew = reach.skew;
}

ExchangeTraffic crowded_messages(ExchangeTraffic t, const PlacedLoad& placed, double tokens) {
    const double chance = t.ingress.mean > 0 ? t.ingress.busiest(tokens) / (t.ingress.mean * tokens) : 1;
    const double skew   = std::max(1.0, placed.max_over_mean(tokens * t.shape.ranks) / chance);
    for (PortLoad* port : {&t.rdma, &t.nvlink, &t.ingress}) port->skew = skew;
    return t;
}

ExchangeTraffic crowded_copies(ExchangeTraffic t, const PlacedLoad& placed) {
    scale(t.nvlink, placed.gpus());
    scale(t.ingress, placed.gpus());
    scale(t.rdma, placed.nodes());
    t.distinct_ranks *= placed.gpus().of_even;
    t.distinct_nodes *= placed.nodes().of_even;
    return t;
}

}  // namespace

ExchangeTraffic crowded(ExchangeTraffic even, const PlacedLoad& placed, double tokens_per_rank) {
    switch (even.mode) {
        case ExchangeMode::deepep_normal:
        case ExchangeMode::mnnvl: return crowded_copies(even, placed);
        case ExchangeMode::deepep_low_latency:
        case ExchangeMode::nccl_all_to_all: return crowded_messages(even, placed, tokens_per_rank);
        case ExchangeMode::nccl_all_gather: return even;  // every token goes everywhere
    }
    return even;
}

}  // namespace isobath
