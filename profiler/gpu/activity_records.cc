#include "profiler/gpu/activity_records.h"

#include <cupti_activity.h>

namespace isobath {
namespace {

// Newer CUPTI versions write longer records of the same kind; what is read here lies where it always lay.
KernelActivity read(const CUpti_ActivityKernel10& record) {
    KernelActivity out;
    out.name        = record.name == nullptr ? "" : record.name;
    out.start_ns    = record.start;
    out.end_ns      = record.end;
    out.correlation = record.correlationId;
    out.graph_node  = record.graphNodeId;
    out.grid        = {record.gridX, record.gridY, record.gridZ};
    out.block       = {record.blockX, record.blockY, record.blockZ};
    out.stream      = record.streamId;
    return out;
}

bool is_kernel(const CUpti_Activity& record) {
    return record.kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL || record.kind == CUPTI_ACTIVITY_KIND_KERNEL;
}

}  // namespace

std::vector<KernelActivity> kernels_in(std::uint8_t* buffer, std::size_t valid_bytes, NextRecord next) {
    std::vector<KernelActivity> out;
    void* record = nullptr;
    while (next(buffer, valid_bytes, &record) == CUPTI_SUCCESS)
        if (is_kernel(*static_cast<const CUpti_Activity*>(record)))
            out.push_back(read(*static_cast<const CUpti_ActivityKernel10*>(record)));
    return out;
}

}  // namespace isobath
