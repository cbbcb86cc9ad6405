/// Bounds that fit on a napkin, as two papers print them; no latency, no overlap but what is named.
#pragma once

#include "hw/units.h"

namespace isobath {

/// Both all-to-alls of one layer and micro-batch at wire speed.
///
/// Every token goes to `copies` experts (routed and shared) as `dispatch` bytes per element and comes back as
/// `combine`. Source: DeepSeek, "Insights into DeepSeek-V3" (ISCA'25), section 2.3.2.
Seconds ep_comm_time(double tokens, double copies, double hidden, Bytes dispatch, Bytes combine,
                     BytesPerSecond bandwidth);

/// The least time per output token if two micro-batches hide all compute behind that communication (same
/// section).
Seconds ep_bound_tpot(Seconds comm, int layers);

/// What a rented GPU asks for each FLOP and each byte when it runs at its peaks (Step-3 report, cost model).
struct RentedGpu {
    double usd_per_hour = 0;
    FlopsPerSecond peak;
    BytesPerSecond bandwidth;
};

/// USD per million tokens, if a token costs `flop` and `bytes` and the dearer of the two hides the other.
double usd_per_million_tokens(const RentedGpu& gpu, Flops flop, Bytes bytes);

/// A day of a service whose nodes each do so many tokens a second, whichever half they serve.
struct ServiceDay {
    double input_tokens = 0, cached_tokens = 0, output_tokens = 0;  ///< a day; the input includes the cached
    double input_tokens_per_s_node = 0, output_tokens_per_s_node = 0;
    double gpus_per_node = 8, usd_per_gpu_hour = 0;
    double usd_per_mtok_input = 0, usd_per_mtok_cached = 0, usd_per_mtok_output = 0;  ///< list prices

    double nodes() const;  ///< on average over the day, prefill and decode
    double usd() const;    ///< rent
    double revenue() const;
};

}  // namespace isobath
