// Pictures of a load that moves and of a router in training.
#include "sim/balance/more_figures.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobath {

plot::Figure drift_figure(const DriftReport& d) {
    plot::Line line{.name = "the plan in use"};
    const double interval = d.spec.interval.base(), end = d.spec.drift.base();
    for (std::size_t i = 0; i < d.result.at_start.size(); ++i) {
        line.points.push_back({double(i) * interval, d.result.at_start[i]});
        line.points.push_back({std::min(end, double(i + 1) * interval), d.result.at_end[i]});
    }
    return {.title    = "Balance while the load drifts",
            .subtitle = fmt::format("a new plan every {:g} s; {} into the busiest GPU each time", interval,
                                    to_string(d.result.moved_per_gpu)),
            .x        = {.label = "time", .unit = "s"},
            .y        = {.label = "mean over max", .high = 1},
            .marks    = {line, plot::Rule{.name = "mean of always fresh plans", .at = d.result.fresh}}};
}

plot::Figure training_figure(const Balance& b) {
    plot::Figure f{.title    = "Balance of a router in training",
                   .subtitle = "a model of the mechanisms, not of a run: see docs/balance.md",
                   .x        = {.label = "step"},
                   .y        = {.label = "max over mean - 1 (MaxVio)", .from_zero = true},
                   .marks    = {}};
    for (const TrainingReport& t : b.training) {
        plot::Line line{.name = t.method};
        for (std::size_t i = 0; i < t.result.steps.size(); ++i)
            line.points.push_back({double(i), t.result.steps[i].max_violation});
        f.marks.push_back(line);
    }
    return f;
}

plot::Figure dropped_figure(const Balance& b) {
    plot::Figure f{.title    = "Tokens dropped in training",
                   .subtitle = fmt::format("an expert takes {:g} times the mean load at most",
                                           b.training.front().spec.capacity_factor),
                   .x        = {.label = "step"},
                   .y        = {.label = "dropped", .unit = "%", .from_zero = true},
                   .marks    = {}};
    for (const TrainingReport& t : b.training) {
        plot::Line line{.name = t.method};
        for (std::size_t i = 0; i < t.result.steps.size(); ++i)
            line.points.push_back({double(i), 100 * t.result.steps[i].dropped});
        f.marks.push_back(line);
    }
    return f;
}

}  // namespace isobath
