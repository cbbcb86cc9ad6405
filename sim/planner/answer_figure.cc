// The Pareto picture.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/planner/answer.h"

namespace isobath {
namespace {

constexpr std::size_t kMostDots = 400;

plot::Point point(const PlanRecord& r) {
    return {1 / r.tpot, r.tokens_per_s / r.gpus};
}

/// Evenly spread over the list, which is ordered by the objective.
plot::Scatter dots(const std::vector<PlanRecord>& records, bool split, const char* name) {
    plot::Scatter out{.name = name, .points = {}, .tooltips = {}};
    const std::size_t step = std::max<std::size_t>(1, records.size() / kMostDots);
    for (std::size_t i = 0; i < records.size(); i += step)
        if (records[i].split() == split) out.points.push_back(point(records[i]));
    return out;
}

/// Around the front, with room for the mark of the best plan at the limit.
void set_ranges(const PlanAnswer& a, plot::Figure& f) {
    double slow = 1e300, fast = 0, most = 0;
    for (const PlanRecord& r : a.search.records) {
        slow = std::min(slow, point(r).x);
        fast = std::max(fast, point(r).x);
        most = std::max(most, point(r).y);
    }
    f.x.low  = slow / 1.12;
    f.x.high = fast * 1.12;
    f.y.low  = most / 40;
    f.y.high = most * 1.5;
}

}  // namespace

plot::Figure figure_of(const PlanAnswer& a) {
    plot::Figure f{.title    = a.scenario.name,
                   .subtitle = fmt::format("{} plans within the limits", a.search.records.size()),
                   .x        = {.label = "for each user", .unit = "token/s", .scale = plot::Scale::log},
                   .y        = {.label = "for each GPU", .unit = "token/s", .scale = plot::Scale::log},
                   .marks    = {}};
    if (!a.search.records.empty()) set_ranges(a, f);
    f.marks.push_back(dots(a.search.records, false, "aggregated"));
    f.marks.push_back(dots(a.search.records, true, "split"));
    plot::Line front{.name = "Pareto front", .points = {}, .markers = true};
    for (const PlanRecord& r : a.pareto) front.points.push_back(point(r));
    f.marks.push_back(front);
    if (a.best)
        f.marks.push_back(plot::Scatter{
            .name = "best", .points = {point(*a.best)}, .tooltips = {words_of(a.search, *a.best)}});
    if (std::isfinite(a.search.question.tpot_limit))
        f.marks.push_back(
            plot::Rule{.name     = fmt::format("SLO {:g} ms a token", a.search.question.tpot_limit * 1e3),
                       .at       = 1 / a.search.question.tpot_limit,
                       .vertical = true});
    return f;
}

}  // namespace isobath
