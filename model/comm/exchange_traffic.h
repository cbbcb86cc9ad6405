/// What a dispatch or combine puts on each port: messages from the routing, bytes from the formats.
#pragma once

#include <string_view>

#include "hw/comm_library.h"
#include "hw/dtype.h"
#include "model/comm/routing.h"

namespace isobath {

enum class ExchangeMode : std::uint8_t {
    deepep_normal,       ///< once per node over RDMA, then once per rank over NVLink; keeps SMs
    deepep_low_latency,  ///< one message per token and expert
    nccl_all_to_all,     ///< one message per token and expert, by NCCL
    nccl_all_gather,     ///< every token to every rank, partial sums scattered back
    mnnvl                ///< once per rank inside one NVLink domain
};

/// "deepep-normal", "deepep-low-latency", "nccl-all-to-all", "nccl-all-gather", "mnnvl".
std::string_view name_of(ExchangeMode mode);
/// Throws std::invalid_argument that lists the known names.
ExchangeMode parse_exchange_mode(std::string_view name);

struct ExchangeShape {
    int ranks = 1, ranks_per_node = 1;  ///< a node is an NVLink domain
    int experts = 0, top_k = 0;         ///< experts are physical ones: replicas count
    int groups = 1, topk_groups = 1;
    GroupChoice choice = GroupChoice::by_score;
    int hidden         = 0;
    Format dispatch = Format::fp8_block, combine = Format::bf16;

    int nodes() const { return (ranks + ranks_per_node - 1) / ranks_per_node; }
    bool operator==(const ExchangeShape&) const = default;
};

/// Messages into one port, for any number of tokens per rank.
struct PortLoad {
    double mean = 0, excess = 0;  ///< per token; per square root of it
    double skew = 1;              ///< of the busiest port, where experts are not all alike

    /// E[max over ranks], at `tokens` tokens on each.
    double busiest(double tokens) const;
};

/// What a token's exchange puts on the ports; depends on the layout alone.
struct ExchangeTraffic {
    ExchangeShape shape;
    ExchangeMode mode{};
    PortLoad rdma, nvlink;  ///< messages into a rank from other nodes; from ranks of its own (or forwarded)
    PortLoad ingress;  ///< all messages into a rank from other ranks: what its experts have to compute on
    Bytes dispatch_message, combine_message;  ///< on the wire
    double distinct_ranks = 0, distinct_nodes = 0;
};

/// Resolved once per layout (some us). Throws SpecError if the library has no kernels for the mode, or
/// the mode cannot serve the shape.
ExchangeTraffic traffic_of(const ExchangeShape& shape, ExchangeMode mode, const CommLibrary& library);
/// The same; allocates nothing once `spread`, its working storage, has grown.
ExchangeTraffic traffic_of(const ExchangeShape& shape, ExchangeMode mode, const CommLibrary& library,
                           GateSpread& spread);

}  // namespace isobath
