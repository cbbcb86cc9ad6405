#include "model/comm/exchange_traffic.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::array<std::string_view, 5> kModeNames{"deepep-normal", "deepep-low-latency", "nccl-all-to-all",
                                                     "nccl-all-gather", "mnnvl"};

Bytes wire_bytes(const WireOverhead& wire, Format format, const ExchangeShape& shape) {
    const double bytes = shape.hidden * activation_bytes(format) + wire.fixed + shape.top_k * wire.per_choice;
    return std::ceil(bytes / wire.align) * wire.align * unit::B;
}

/// Messages per token of one rank into another: mean, variance, and covariance between two receivers of
/// the same token. Over all ranks they add up to a near constant, hence var / (1 - ranks).
struct PairStatistics {
    double mean, variance, covariance;
};

/// `sources` ranks send to each rank; two receivers share `common` of them on average.
PortLoad port_load(const PairStatistics& pair, double sources, double common, double normal_max) {
    if (sources <= 0) return {};
    const double spread = pair.variance * sources - pair.covariance * common;
    return {pair.mean * sources, normal_max * std::sqrt(std::max(0.0, spread))};
}

/// One message per token and expert: straight from rank to rank.
void add_direct(ExchangeTraffic& traffic, const Gate& gate, const GateSpread& spread, bool over_nvlink,
                bool even) {
    const double R    = traffic.shape.ranks,
                 D    = over_nvlink ? std::min(R, double(traffic.shape.ranks_per_node)) : 1;
    const double mean = traffic.shape.top_k / R;
    if (even) {
        (R > D ? traffic.rdma : traffic.nvlink) = traffic.ingress = {mean * R, 0};
        return;
    }
    if (R < 2) return;
    const double variance = variance_per_unit(gate, spread, int(R)), max = expected_max_of_normals(int(R));
    const PairStatistics pair{mean, variance, -variance / (R - 1)};
    // Two ranks hear of common sources: all but their own nodes (RDMA), or the rest of one node (NVLink).
    traffic.rdma =
        port_load(pair, R - D, ((D - 1) * (R - D) + (R - D) * std::max(0.0, R - 2 * D)) / (R - 1), max);
    traffic.nvlink  = port_load(pair, D - 1, (D - 1) * (D - 2) / (R - 1), max);
    traffic.ingress = port_load(pair, R - 1, R - 2, max);
}

/// Once per distinct node over the NIC of the same rail, then once per distinct rank over NVLink.
void add_forwarded(ExchangeTraffic& traffic) {
    const double R = traffic.shape.ranks, nodes = traffic.shape.nodes(), D = R / nodes;
    if (R < 2) return;
    const double rank = traffic.distinct_ranks / R, node = traffic.distinct_nodes / nodes;
    const double max = expected_max_of_normals(int(R));
    const PairStatistics to_node{node, node * (1 - node), 0},
        to_rank{rank, rank * (1 - rank), -rank * (1 - rank) / (R - 1)};
    traffic.rdma = port_load(to_node, nodes - 1, 0, max);
    // One in D copies is already on the GPU that it is for.
    traffic.nvlink  = port_load(to_rank, R * (D - 1) / D, R * (D - 1) / D, max);
    traffic.ingress = port_load(to_rank, R - 1, R - 2, max);
}

/// Once per distinct rank, a rank's own share too.
void add_copies(ExchangeTraffic& traffic) {
    const double R = traffic.shape.ranks, rank = traffic.distinct_ranks / R;
    const double max = expected_max_of_normals(traffic.shape.ranks);
    const PairStatistics to_rank{rank, rank * (1 - rank), R > 1 ? -rank * (1 - rank) / (R - 1) : 0};
    traffic.nvlink = traffic.ingress = port_load(to_rank, R, R, max);
}

void add_gathered(ExchangeTraffic& traffic) {
    const double R = traffic.shape.ranks, D = std::min(R, double(traffic.shape.ranks_per_node));
    traffic.nvlink  = {D > 1 ? R - 1 : 0, 0};
    traffic.rdma    = {R > D ? (R - 1) / D : 0, 0};
    traffic.ingress = {R - 1, 0};
}

[[noreturn]] void refuse(const CommLibrary& library, ExchangeMode mode, const std::string& why) {
    throw SpecError("comm: /: " + library.name + " cannot do " + std::string(name_of(mode)) + ": " + why);
}

void check(const ExchangeShape& shape, ExchangeMode mode, const CommLibrary& library) {
    const auto need = [&](bool has, const char* section) {
        if (!has) refuse(library, mode, std::string("the preset has no section \"") + section + "\"");
    };
    switch (mode) {
        case ExchangeMode::deepep_normal: return need(library.throughput.has_value(), "throughput");
        case ExchangeMode::deepep_low_latency: return need(library.latency.has_value(), "latency");
        case ExchangeMode::nccl_all_to_all:
        case ExchangeMode::nccl_all_gather: return need(library.collectives.has_value(), "collectives");
        case ExchangeMode::mnnvl:
            need(library.domain.has_value(), "domain");
            if (shape.nodes() > 1)
                refuse(library, mode, "the ranks span several NVLink domains; at most one is allowed");
    }
}

void add_messages(ExchangeTraffic& traffic, const WireOverhead& dispatch, const WireOverhead& combine) {
    traffic.dispatch_message = wire_bytes(dispatch, traffic.shape.dispatch, traffic.shape);
    traffic.combine_message  = wire_bytes(combine, traffic.shape.combine, traffic.shape);
}

}  // namespace

std::string_view name_of(ExchangeMode mode) {
    return kModeNames[static_cast<std::size_t>(mode)];
}

ExchangeMode parse_exchange_mode(std::string_view name) {
    const auto found = std::find(kModeNames.begin(), kModeNames.end(), name);
    if (found == kModeNames.end())
        throw std::invalid_argument("\"" + clipped(name) + "\": unknown; known are " + joined(kModeNames));
    return static_cast<ExchangeMode>(found - kModeNames.begin());
}

double PortLoad::busiest(double tokens) const {
    return skew * (mean * tokens + excess * std::sqrt(tokens));
}

ExchangeTraffic traffic_of(const ExchangeShape& shape, ExchangeMode mode, const CommLibrary& library) {
    GateSpread spread;
    return traffic_of(shape, mode, library, spread);
}

ExchangeTraffic traffic_of(const ExchangeShape& shape, ExchangeMode mode, const CommLibrary& library,
                           GateSpread& spread) {
    check(shape, mode, library);
    const Gate gate{shape.experts, shape.top_k, shape.groups, shape.topk_groups, shape.choice};
    find_spread(gate, spread);
    ExchangeTraffic traffic;
    traffic.shape          = shape;
    traffic.mode           = mode;
    traffic.distinct_ranks = distinct_units(gate, spread, shape.ranks);
    traffic.distinct_nodes = distinct_units(gate, spread, shape.nodes());
    switch (mode) {
        case ExchangeMode::deepep_normal:
            add_forwarded(traffic);
            add_messages(traffic, library.throughput->dispatch_wire, library.throughput->combine_wire);
            break;
        case ExchangeMode::deepep_low_latency:
            add_direct(traffic, gate, spread, library.latency->over_nvlink, library.latency->even);
            add_messages(traffic, library.latency->dispatch_wire, library.latency->combine_wire);
            break;
        case ExchangeMode::nccl_all_to_all:
            add_direct(traffic, gate, spread, true, false);
            add_messages(traffic, {}, {});
            break;
        case ExchangeMode::nccl_all_gather:
            add_gathered(traffic);
            add_messages(traffic, {}, {});
            break;
        case ExchangeMode::mnnvl:
            add_copies(traffic);
            add_messages(traffic, library.domain->dispatch_wire, library.domain->combine_wire);
    }
    return traffic;
}

}  // namespace isobath
