#include "model/closed_forms.h"

#include <algorithm>

namespace isobath {

Seconds ep_comm_time(double tokens, double copies, double hidden, Bytes dispatch, Bytes combine,
                     BytesPerSecond bandwidth) {
    return tokens * copies * hidden * (dispatch + combine) / bandwidth;
}

Seconds ep_bound_tpot(Seconds comm, int layers) {
    return 2. * layers * comm;
}

double usd_per_million_tokens(const RentedGpu& gpu, Flops flop, Bytes bytes) {
    const Seconds busy = std::max(flop / gpu.peak, bytes / gpu.bandwidth);
    return 1e6 * gpu.usd_per_hour * busy.in(3600 * unit::s);
}

double ServiceDay::nodes() const {
    constexpr double kSeconds = 86400;
    return input_tokens / kSeconds / input_tokens_per_s_node +
           output_tokens / kSeconds / output_tokens_per_s_node;
}

double ServiceDay::usd() const {
    return nodes() * gpus_per_node * usd_per_gpu_hour * 24;
}

double ServiceDay::revenue() const {
    return 1e-6 * ((input_tokens - cached_tokens) * usd_per_mtok_input + cached_tokens * usd_per_mtok_cached +
                   output_tokens * usd_per_mtok_output);
}

}  // namespace isobath
