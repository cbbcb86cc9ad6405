// Chrome/Perfetto trace: one process, a row per stream and micro-batch; stages expanded into kernels.
#include <nlohmann/json.hpp>

#include "sim/timeline_bars.h"

namespace isobath {
namespace {

using nlohmann::json;

int thread_of(TimelineRow row) {
    return 1 + static_cast<int>(row);
}

json row_name(TimelineRow row) {
    return {{"ph", "M"},
            {"pid", 1},
            {"tid", thread_of(row)},
            {"name", "thread_name"},
            {"args", {{"name", name_of(row)}}}};
}

json event(const TimelineBar& bar) {
    json args{{"micro_batch", bar.micro_batch}};
    if (bar.cost) {
        args["stage"]    = bar.stage;
        args["alone_us"] = bar.cost->estimate.time.in(unit::us);
        args["bound"]    = name_of(bar.cost->bound);
        args["source"]   = name_of(bar.cost->estimate.source);
    }
    return {{"ph", "X"},
            {"pid", 1},
            {"tid", thread_of(bar.row)},
            {"name", bar.name},
            {"ts", bar.start.in(unit::us)},
            {"dur", bar.time.in(unit::us)},
            {"args", std::move(args)}};
}

}  // namespace

std::string to_trace(const RunResult& r) {
    json events = json::array();
    for (int row = 0; row < kTimelineRowCount; ++row)
        events.push_back(row_name(static_cast<TimelineRow>(row)));
    for (const TimelineBar& bar : timeline_bars(r)) events.push_back(event(bar));
    return json{{"displayTimeUnit", "ns"}, {"traceEvents", events}}.dump() + "\n";
}

}  // namespace isobath
