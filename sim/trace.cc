// Chrome/Perfetto trace: one process, a row per stream and micro-batch; stages expanded into kernels.
#include <nlohmann/json.hpp>

#include "sim/run_result.h"

namespace isobath {
namespace {

using nlohmann::json;

int row_of(const Task& task) {
    switch (task.lane) {
        case Lane::compute: return 1;
        case Lane::comm:
        case Lane::barrier: return 2;
        case Lane::flight: return 3 + task.micro_batch;
    }
    return 0;
}

json event(const std::string& name, int row, Seconds start, Seconds time, json args) {
    return {{"ph", "X"}, {"pid", 1}, {"tid", row}, {"name", name}, {"ts", start.in(unit::us)}, {"dur", time.in(unit::us)},
            {"args", std::move(args)}};
}

json row_name(int row, const char* name) {
    return {{"ph", "M"}, {"pid", 1}, {"tid", row}, {"name", "thread_name"}, {"args", {{"name", name}}}};
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

/// Kernels of a stage share its interval in proportion to their own time.
void expand(const RunResult& r, const Task& task, const Interval& interval, json& events) {
    Seconds sum;
    const Role role = static_cast<Role>(task.tag);
    for (std::size_t i = 0; i < r.work.ops.size(); ++i)
        if (belongs(role, r.work.ops[i].stage)) sum += r.work.costs[i].estimate.time;
    Seconds at = interval.start;
    for (std::size_t i = 0; i < r.work.ops.size(); ++i) {
        if (!belongs(role, r.work.ops[i].stage)) continue;
        const OpCost& cost = r.work.costs[i];
        const Seconds took = (cost.estimate.time / sum) * (interval.end - interval.start);
        events.push_back(event(r.work.ops[i].name, 1, at, took,
                               {{"micro_batch", task.micro_batch},
                                {"stage", task.name},
                                {"alone_us", cost.estimate.time.in(unit::us)},
                                {"bound", name_of(cost.bound)},
                                {"source", name_of(cost.estimate.source)}}));
        at += took;
    }
}

}  // namespace

std::string to_trace(const RunResult& r) {
    json events = json::array({row_name(1, "compute"), row_name(2, "communication kernels"),
                               row_name(3, "network, micro-batch 0"), row_name(4, "network, micro-batch 1")});
    for (std::size_t i = 0; i < r.work.plan.tasks.size(); ++i) {
        const Task& task         = r.work.plan.tasks[i];
        const Interval& interval = r.work.timeline.intervals[i];
        const Seconds took       = interval.end - interval.start;
        if (took <= Seconds{}) continue;
        const bool stage = task.lane == Lane::compute && static_cast<Role>(task.tag) <= Role::dense_ffn;
        if (stage)
            expand(r, task, interval, events);
        else
            events.push_back(event(task.name, row_of(task), interval.start, took, {{"micro_batch", task.micro_batch}}));
    }
    return json{{"displayTimeUnit", "ns"}, {"traceEvents", events}}.dump() + "\n";
}

}  // namespace isobath
