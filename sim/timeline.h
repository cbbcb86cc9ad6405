/// A Plan with its clock.
#pragma once

#include <array>
#include <vector>

#include "sim/plan.h"

namespace isobath {

struct Interval {
    Seconds start, end;
};

/// One interval per task, in the Plan's order. Reused between runs: no allocation once warm.
struct Timeline {
    std::vector<Interval> intervals;
    Seconds makespan;  ///< end of the last interval to end

    std::array<Seconds, 2> free{};  ///< working storage: when each stream has done what it was given

    void clear() {
        intervals.clear();
        makespan = {};
        free     = {};
    }
};

/// Runs the plan event by event. Between events every rate is constant: a comm task runs at
/// 1/comm_under_compute while the compute stream is busy, a compute task at 1/compute_under_comm while
/// a comm task (not a barrier) moves data. Without contention this is list scheduling: a task starts
/// when its stream is free and all it waits for has ended.
void run(const Plan& plan, Timeline& out);

/// The same, where `out` is the timeline of the plan before its last tasks were added. Without contention
/// those before keep their intervals, so that a plan that grows costs no more than its end; with it all run
/// again.
void extend(const Plan& plan, Timeline& out);

}  // namespace isobath
