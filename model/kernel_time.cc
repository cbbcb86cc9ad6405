#include "model/kernel_time.h"

#include <algorithm>
#include <array>

namespace isobath {

std::string_view name_of(Bound bound) {
    constexpr std::array<std::string_view, 4> names{"compute", "memory", "latency", "network"};
    return names[static_cast<std::size_t>(bound)];
}

KernelCost RooflineTime::cost(const Op& op, int sms) const {
    const Work work           = work_of(op);
    const FlopsPerSecond peak = gpu_.supports(work.math) ? gpu_.peak(work.math) : gpu_.peak(Math::bf16);
    const Seconds compute     = work.flop / (peak * (double(sms) / gpu_.sm_count));
    const Seconds memory      = work.bytes / gpu_.hbm_bandwidth;
    const Seconds time        = std::max(compute, memory);
    return {{time, time, 2 * time, Source::roofline}, compute > memory ? Bound::compute : Bound::memory};
}

}  // namespace isobath
