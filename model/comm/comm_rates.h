/// A communication library on a cluster: plain numbers, resolved once per layout.
#pragma once

#include <array>

#include "hw/comm_library.h"
#include "hw/estimate.h"
#include "model/comm/exchange_fit.h"

namespace isobath {

/// A constant here and now: its source is `fitted` where the library's rows come from this hardware and
/// `assumed` where it is carried over; `spread` is the factor of its 80 % interval.
template <class Q>
struct Constant {
    Q value;
    Source source = Source::assumed;
    double spread = 1;
};

using RateConstant  = Constant<BytesPerSecond>;
using DelayConstant = Constant<Seconds>;

/// Dispatch and combine by fitted constants.
struct FittedExchange {
    ExchangeCurves dispatch, combine;
};

struct ThroughputRates {
    RateConstant nvlink, forwarding, rdma;
    DelayConstant dispatch_alpha, combine_alpha;
    Seconds notify, skew_per_token;
    int sms = 0;
    std::optional<FittedExchange> fitted;  ///< goes before the constants above
};

struct LatencyRates {
    RateConstant nvlink, rdma;
    DelayConstant nvlink_alpha, rdma_alpha, mixed_alpha;
    /// Send and receive kernels alone: a fixed part, and one for each byte of dispatched or combined
    /// messages.
    struct OwnKernel {
        Seconds fixed;
        double seconds_per_byte = 0;
        Seconds at(Bytes bytes) const { return fixed + Seconds{seconds_per_byte * bytes.base()}; }
    } dispatch_send, dispatch_recv, combine_send, combine_recv;
    std::optional<FittedExchange> fitted;  ///< goes before the constants above
};

struct DomainRates {
    RateConstant dispatch, combine;
    DelayConstant dispatch_alpha, combine_alpha, prepare;
    int sms = 0;
};

/// alpha + moved / bandwidth + ramp * sqrt(buffer), for groups of 2, 4, 8, ... GPUs of one NVLink domain, or
/// one shot where the library has it and it is faster.
struct CollectiveRates {
    struct Fit {
        int ranks = 0;
        Seconds alpha;
        BytesPerSecond bandwidth;
        double ramp = 0, spread = 1;
        DirectWay direct;
    };
    static constexpr int kMostFits = 6;
    struct Curve {
        std::array<Fit, kMostFits> fits;  ///< by growing ranks
        int count     = 0;
        Source source = Source::assumed;
    };
    std::array<Curve, kCollectiveCount> curves;
    Curve all_reduce_across;  ///< of groups over several domains; empty: as inside one
    RateConstant nic, send_nvlink;
    Seconds hop, send_alpha;
    double network_spread = 1;
    int sms               = 0;
};

struct CommRates {
    std::optional<ThroughputRates> throughput;
    std::optional<LatencyRates> latency;
    std::optional<DomainRates> domain;
    std::optional<CollectiveRates> collectives;
    int sm_count = 0;
};

CommRates resolve(const CommLibrary& library, const ClusterSpec& cluster);

}  // namespace isobath
