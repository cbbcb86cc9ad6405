#include "sim/timeline_figure.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/timeline_bars.h"

namespace isobath {
namespace {

/// What a bar's colour says; seven, for that many hues stay apart.
enum class Kind : std::uint8_t {
    attention_core,
    dense_gemm,
    expert_gemm,
    small,
    dispatch,
    combine,
    together
};
constexpr int kKindCount = 7;

const char* name_of(Kind kind) {
    constexpr const char* names[kKindCount] = {"attention core",       "dense GEMM", "expert GEMM",
                                               "small kernels",        "dispatch",   "combine",
                                               "barrier or all-reduce"};
    return names[static_cast<std::size_t>(kind)];
}

Kind kind_of(const TimelineBar& bar) {
    if (bar.op) return static_cast<Kind>(bar.op->part);
    switch (bar.role) {
        case Role::dispatch:
        case Role::dispatch_send:
        case Role::dispatch_recv:
        case Role::wait_dispatch: return Kind::dispatch;
        case Role::combine:
        case Role::combine_send:
        case Role::combine_recv:
        case Role::wait_combine: return Kind::combine;
        default: return Kind::together;
    }
}

std::string shown(Seconds t) {
    return t < 1 * unit::ms ? fmt::format("{:.1f} us", t.in(unit::us))
                            : fmt::format("{:.2f} ms", t.in(unit::ms));
}

std::string tooltip_of(const RunResult& r, const TimelineBar& bar) {
    std::string text = fmt::format("{}, micro-batch {}: {}", bar.name, bar.micro_batch, shown(bar.time));
    if (bar.cost)
        return text + fmt::format(" in {}; alone {}, bound by {}, {}", bar.stage,
                                  shown(bar.cost->estimate.time), isobath::name_of(bar.cost->bound),
                                  isobath::name_of(bar.cost->estimate.source));
    if (bar.role == Role::dispatch)
        return text + fmt::format(", {}", isobath::name_of(r.exchange.dispatch.source));
    if (bar.role == Role::combine)
        return text + fmt::format(", {}", isobath::name_of(r.exchange.combine.source));
    return text;
}

/// Where a layer's first compute task starts.
Seconds start_of(const RunResult& r, int layer) {
    const auto first = static_cast<std::size_t>(layer * r.work.steady.tasks_per_layer);
    for (std::size_t i = first; i < r.work.plan.tasks.size(); ++i)
        if (r.work.plan.tasks[i].lane == Lane::compute) return r.work.timeline.intervals[i].start;
    return {};
}

/// The two layers before the last one, which drains.
Range steady_window(const RunResult& r) {
    const int last = r.work.steady.layers - 1;
    if (last < 2) return {{}, r.work.timeline.makespan};
    return {start_of(r, last - 2), start_of(r, last)};
}

/// Numbers names in order of first use.
std::size_t place_of(const std::string& name, std::vector<std::string>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    names.push_back(name);
    return names.size() - 1;
}

/// Only the rows and kinds in use, in their own order.
template <class Name, class Used>
std::vector<std::string> used_names(int count, Name name, Used used) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i)
        if (used(i)) names.emplace_back(name(i));
    return names;
}

void add_bar(const RunResult& r, const TimelineBar& bar, const Range& window, plot::Gantt& gantt) {
    const Seconds begin = std::max(bar.start, window.low), end = std::min(bar.start + bar.time, window.high);
    if (begin >= end) return;
    gantt.intervals.push_back({place_of(std::string(isobath::name_of(bar.row)), gantt.rows),
                               place_of(name_of(kind_of(bar)), gantt.categories),
                               (begin - window.low).in(unit::s), (end - window.low).in(unit::s), bar.name,
                               tooltip_of(r, bar)});
}

plot::Gantt gantt_of(const RunResult& r, const Range& window) {
    const std::vector<TimelineBar> bars = timeline_bars(r);
    const auto in_use                   = [&](auto key) {
        return [&, key](int i) {
            return std::any_of(bars.begin(), bars.end(), [&](const TimelineBar& b) {
                return int(key(b)) == i && b.start < window.high && b.start + b.time > window.low;
            });
        };
    };
    plot::Gantt gantt;
    gantt.rows = used_names(
        kTimelineRowCount, [](int i) { return isobath::name_of(TimelineRow(i)); },
        in_use([](const TimelineBar& b) { return b.row; }));
    gantt.categories = used_names(
        kKindCount, [](int i) { return name_of(Kind(i)); }, in_use(kind_of));
    for (const TimelineBar& bar : bars) add_bar(r, bar, window, gantt);
    return gantt;
}

std::string what_is_shown(const RunResult& r) {
    return fmt::format("{:g} requests per GPU, {} {:g}; {} a layer", r.input.batch_per_gpu,
                       r.scenario.phase == Phase::prefill ? "prompts of" : "context", r.input.context,
                       shown(r.times.moe_layer));
}

/// "dense_gemm" as "dense GEMM".
std::string readable(std::string_view part) {
    std::string name(part);
    std::replace(name.begin(), name.end(), '_', ' ');
    const auto gemm = name.find("gemm");
    return gemm == name.npos ? name : name.replace(gemm, 4, "GEMM");
}

}  // namespace

plot::Figure timeline_figure(const RunResult& r) {
    const Range window = steady_window(r);
    return {.title    = r.scenario.name + ": two layers in the steady state",
            .subtitle = what_is_shown(r),
            .x     = {.label = "Time", .unit = "s", .low = 0, .high = (window.high - window.low).in(unit::s)},
            .y     = {},
            .marks = {gantt_of(r, window)}};
}

plot::Figure layer_parts_figure(const RunResult& r) {
    plot::BarSeries parts;
    std::vector<std::string> names;
    for (int i = 0; i < kLayerPartCount; ++i) {
        const Seconds time = r.times.parts[static_cast<std::size_t>(i)];
        if (time <= Seconds{}) continue;
        names.push_back(readable(isobath::name_of(static_cast<LayerPart>(i))));
        parts.values.push_back(time.in(unit::s));
    }
    return {.title    = r.scenario.name + ": one layer by part",
            .subtitle = fmt::format("{} a layer, 80 % interval {} to {}", shown(r.times.moe_layer),
                                    shown(r.layer_range.low), shown(r.layer_range.high)),
            .x        = {.categories = names},
            .y        = {.label = "Time per layer", .unit = "s", .from_zero = true},
            .marks    = {plot::Bars{{parts}, false}}};
}

}  // namespace isobath
