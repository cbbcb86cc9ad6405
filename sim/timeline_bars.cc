#include "sim/timeline_bars.h"

namespace isobath {
namespace {

TimelineRow row_of(const Task& task) {
    switch (task.lane) {
        case Lane::compute: return TimelineRow::compute;
        case Lane::comm:
        case Lane::barrier: return TimelineRow::comm;
        case Lane::flight: return task.micro_batch == 0 ? TimelineRow::network_0 : TimelineRow::network_1;
    }
    return TimelineRow::compute;
}

bool belongs(Role role, Stage stage) {
    switch (role) {
        case Role::attention_in: return stage == Stage::attention_in;
        case Role::attention_out: return stage == Stage::attention_out || stage == Stage::gate;
        case Role::shared: return stage == Stage::shared;
        case Role::experts: return stage == Stage::experts;
        case Role::dense_ffn: return stage == Stage::dense_ffn;
        default: return false;
    }
}

/// Adds the kernels of a stage's bar; none if the role is not a stage.
bool add_kernels(const StepWorkspace& work, const TimelineBar& stage, std::vector<TimelineBar>& bars) {
    Seconds alone;
    for (std::size_t i = 0; i < work.ops.size(); ++i)
        if (belongs(stage.role, work.ops[i].stage)) alone += work.costs[i].estimate.time;
    if (alone <= Seconds{}) return false;
    TimelineBar bar = stage;
    for (std::size_t i = 0; i < work.ops.size(); ++i) {
        if (!belongs(stage.role, work.ops[i].stage)) continue;
        bar.name = work.ops[i].name;
        bar.op   = &work.ops[i];
        bar.cost = &work.costs[i];
        bar.time = (bar.cost->estimate.time / alone) * stage.time;
        bars.push_back(bar);
        bar.start += bar.time;
    }
    return true;
}

}  // namespace

std::vector<TimelineBar> timeline_bars(const RunResult& result) {
    const StepWorkspace& work = result.work;
    std::vector<TimelineBar> bars;
    for (std::size_t i = 0; i < work.plan.tasks.size(); ++i) {
        const Task& task         = work.plan.tasks[i];
        const Interval& interval = work.timeline.intervals[i];
        const TimelineBar bar{row_of(task),
                              task.name,
                              task.name,
                              Role(task.tag),
                              task.micro_batch,
                              interval.start,
                              interval.end - interval.start};
        if (bar.time <= Seconds{}) continue;
        if (!add_kernels(work, bar, bars)) bars.push_back(bar);
    }
    return bars;
}

std::string_view name_of(TimelineRow row) {
    constexpr std::array<std::string_view, kTimelineRowCount> names{
        "compute", "communication kernels", "network, micro-batch 0", "network, micro-batch 1"};
    return names[static_cast<std::size_t>(row)];
}

}  // namespace isobath
