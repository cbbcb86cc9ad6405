/// A Plan with its clock.
#pragma once

#include <vector>

#include "sim/plan.h"

namespace isobath {

struct Interval {
    Seconds start, end;
};

/// One interval per task, in the Plan's order. Reused between runs: no allocation once warm.
struct Timeline {
    std::vector<Interval> intervals;

    Seconds makespan() const;

    // Working storage of run().
    std::vector<Seconds> remaining;
    std::vector<std::uint32_t> waiting_flights, running;
};

/// Runs the plan event by event. Between events every rate is constant: a comm task runs at
/// 1/comm_under_compute while the compute stream is busy, a compute task at 1/compute_under_comm while
/// a comm task (not a barrier) moves data. Without contention this is list scheduling: a task starts
/// when its stream is free and all it waits for has ended.
void run(const Plan& plan, Timeline& out);

}  // namespace isobath
