/// Expert-parallel dispatch and combine: what crosses each port, and how long that takes.
///
/// The closed form t = alpha + max over ports(bytes / bandwidth). It equals a max-min fluid simulation of the
/// flows to 0.3 % (16 to 320 GPUs). Bytes come from the routing: distinct nodes, distinct ranks and the
/// busiest rank's ingress, whose excess over the mean alone explains why published bandwidth falls with EP.
#pragma once

#include "model/comm/collectives.h"
#include "model/comm/exchange_traffic.h"

namespace isobath {

/// Bytes through the busiest port of each class, and through an average one.
struct PortUse {
    Bytes rdma, nvlink, rdma_mean, nvlink_mean;
};

struct ExchangeCost {
    Estimate dispatch, combine;  ///< whole latency, send and receive kernels included, barrier not
    /// Kernels that keep SMs when dispatch and combine run in the background (low latency with a hook).
    Seconds dispatch_send, dispatch_recv, combine_send, combine_recv;
    PortUse dispatch_ports, combine_ports;
    double ingress_messages_max = 0, ingress_messages_mean = 0;
    int sms = 0;      ///< while a kernel runs; none between send and receive
    Seconds barrier;  ///< before each of the two: exchange of counts, and waiting for the slowest rank
};

/// Dispatch and combine of `tokens_per_rank` tokens on every rank. Allocates nothing.
ExchangeCost exchange(const CommRates& rates, const ExchangeTraffic& traffic, double tokens_per_rank);

/// What one way of DeepEP's kernels asks of the hardware.
ExchangeLoad load_of(const ExchangeTraffic& traffic, double tokens_per_rank, bool combine, int sms);

/// Bandwidth as DeepEP prints it: numbers and scales without headers, copies that never leave the node
/// (or, on one node, the rank) included, over the time. Compare with PortUse / time, which is physical.
BytesPerSecond logical_dispatch_bandwidth(const ExchangeTraffic& traffic, double tokens_per_rank,
                                          Seconds time);
BytesPerSecond logical_combine_bandwidth(const ExchangeTraffic& traffic, double tokens_per_rank,
                                         Seconds time);

/// SMs that DeepEP V2 asks for: enough to keep the slower of both networks busy when one SM writes 50 GB/s,
/// a quarter more, even, at least 4. A token is written once per distinct rank and, across nodes, staged once
/// per distinct node. Our reading of get_theoretical_num_sms(); gives the README's 12 (2 nodes), 6 (4), 24
/// (1).
int deepep_v2_sms(const ExchangeTraffic& traffic, BytesPerSecond nvlink, BytesPerSecond rdma);

}  // namespace isobath
