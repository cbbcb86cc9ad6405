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

}  // namespace isobath
