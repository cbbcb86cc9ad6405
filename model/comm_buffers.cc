#include "model/comm_buffers.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

using unit::B;

double aligned(double bytes, double to) {
    return std::ceil(bytes / to) * to;
}

/// Token, origin, expert indices (8 B) and weights (4 B), scales (4 B).
double slot_bytes(int hidden) {
    return 2. * hidden + 8 + 128 * (8 + 4 + 4);
}

}  // namespace

Bytes deepep_low_latency_buffers(double max_tokens, int hidden, int ranks, int physical_experts) {
    const int scales      = hidden / 128;
    const double dispatch = 16 + std::max(2. * hidden, hidden + 4. * scales);
    const double combine  = 2. * hidden + 4. * scales;
    const double experts  = physical_experts;
    const double send     = std::max(max_tokens * dispatch, experts * max_tokens * combine);
    const double receive  = experts * max_tokens * std::max(dispatch, combine);
    const double signals  = aligned(8 * experts + 4 * experts / ranks, 128);
    return aligned(2 * (send + receive + signals), 128) * B;
}

Bytes deepep_normal_buffers(int hidden, int ranks, const DeepEpNormal& config, int gpus_per_node) {
    const int pairs       = config.sms / 2;  // a channel takes two whole SMs
    const double channels = pairs, peers = std::min(ranks, gpus_per_node);
    const double nodes = std::max(1, ranks / gpus_per_node);
    const double nvlink =
        channels * peers * (config.nvl_recv_tokens * slot_bytes(hidden) + 4 * (2 * nodes + 3));
    if (ranks <= gpus_per_node) return aligned(nvlink, 128) * B;
    const double slot = slot_bytes(hidden) + 16;
    const double rdma = 2 * channels * nodes * (config.rdma_recv_tokens * slot + 4 * (2 * gpus_per_node + 2));
    return (aligned(nvlink, 128) + aligned(rdma + (1 << 20), 128)) * B;
}

}  // namespace isobath
