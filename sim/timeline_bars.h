/// The last timeline of a run as bars in rows, each stage expanded into its kernels: what traces and pictures
/// show.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/run_result.h"

namespace isobath {

enum class TimelineRow : std::uint8_t { compute, comm, network_0, network_1 };
inline constexpr int kTimelineRowCount = 4;
/// "compute", "communication kernels", "network, micro-batch 0", ...
std::string_view name_of(TimelineRow);

struct TimelineBar {
    TimelineRow row   = TimelineRow::compute;
    const char* name  = "";  ///< of the kernel, or of the task where it is not made of kernels
    const char* stage = "";  ///< the task's name
    Role role         = Role::attention_in;
    int micro_batch   = 0;
    Seconds start, time;
    const LayerOp* op  = nullptr;  ///< set for kernels of a stage
    const OpCost* cost = nullptr;
};

/// By task, then by time. Kernels of a stage share its interval in proportion to their own time, so that
/// launch gaps and contention stretch them evenly. Tasks that take no time are left out.
///
/// Pointers are into `result`, which must outlive the bars.
std::vector<TimelineBar> timeline_bars(const RunResult& result);

}  // namespace isobath
