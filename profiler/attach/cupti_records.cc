#include "profiler/attach/cupti_records.h"

#ifdef ISOBATH_HAS_CUPTI

#include <cstddef>

namespace isobath::attach {
namespace {

// Both have been there since CUDA 12; newer versions only append.
using Kernel = CUpti_ActivityKernel9;
using Device = CUpti_ActivityDevice5;

#if CUPTI_API_VERSION >= 130000
static_assert(offsetof(CUpti_ActivityKernel10, graphNodeId) == offsetof(Kernel, graphNodeId));
static_assert(offsetof(CUpti_ActivityKernel10, correlationId) == offsetof(Kernel, correlationId));
static_assert(offsetof(CUpti_ActivityKernel10, name) == offsetof(Kernel, name));
static_assert(offsetof(CUpti_ActivityKernel10, blockZ) == offsetof(Kernel, blockZ));
#endif

}  // namespace

KernelRecord kernel_of(const CUpti_Activity& record) {
    const auto& k = reinterpret_cast<const Kernel&>(record);
    return {k.name ? k.name : "",
            {k.gridX, k.gridY, k.gridZ},
            {k.blockX, k.blockY, k.blockZ},
            static_cast<int>(k.streamId),
            k.graphNodeId != 0,
            k.correlationId,
            k.start,
            k.end};
}

MeasuredDevice device_of(const CUpti_Activity& record) {
    const auto& d = reinterpret_cast<const Device&>(record);
    MeasuredDevice out;
    out.name         = d.name ? d.name : "";
    out.sm_count     = static_cast<int>(d.numMultiprocessors);
    out.sm_clock_mhz = static_cast<int>(d.coreClockRate / 1000);
    out.memory       = double(d.globalMemorySize) * unit::B;
    out.l2           = double(d.l2CacheSize) * unit::B;
    return out;
}

}  // namespace isobath::attach

#endif
