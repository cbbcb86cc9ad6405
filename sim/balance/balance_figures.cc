#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/balance/balance_tables.h"
#include "sim/plot/grid.h"

namespace isobath {
namespace {

using plot::Figure;

constexpr plot::Size kPanel{620, 480};

std::vector<std::string> layer_names(const Balance& b) {
    std::vector<std::string> out;
    for (const LayerBalance& l : b.layers) out.push_back(std::to_string(l.layer));
    return out;
}

/// Rows are drawn downward, layer by layer.
plot::Axis layer_axis(const Balance& b) {
    return {.label = "layer", .categories = layer_names(b)};
}

plot::HeatMap heat(const Balance& b, std::vector<double> values, double high) {
    const std::size_t rows = b.layers.size(), columns = values.size() / rows;
    return {.rows    = rows,
            .columns = columns,
            .values  = std::move(values),
            .label   = "tokens over the layer's mean",
            .unit    = "x",
            .low     = 0,
            .high    = high};
}

std::vector<double> expert_shares(const ExpertLoad& load) {
    std::vector<double> out = load.count;
    for (int l = 0; l < load.layers; ++l) {
        const double mean = total(load.layer(l)) / load.experts;
        for (int e = 0; e < load.experts; ++e)
            out[std::size_t(l) * std::size_t(load.experts) + std::size_t(e)] /= mean;
    }
    return out;
}

Figure experts_figure(const Balance& b) {
    std::vector<double> shares = expert_shares(*b.of.scenario.load);
    const double high          = *std::max_element(shares.begin(), shares.end());
    return {
        .title    = "How often each expert is chosen",
        .subtitle = fmt::format("hottest {:.1f} times its layer's mean", b.load.hottest.front().over_mean),
        .x        = {.label = "expert"},
        .y        = layer_axis(b),
        .marks    = {heat(b, std::move(shares), high)}};
}

double highest(const RankMaps& maps) {
    double out = 1;
    for (const auto* map : {&maps.before, &maps.after})
        if (!map->empty()) out = std::max(out, *std::max_element(map->begin(), map->end()));
    return out;
}

/// Both on one scale, so that they can be held side by side.
Figure ranks_figure(const Balance& b, bool after) {
    const auto& map = after ? b.maps.after : b.maps.before;
    double balance  = 0;
    for (const LayerBalance& l : b.layers) balance += (after ? l.after : l.before) / double(b.layers.size());
    const std::string name = after ? "the scenario's placement" : b.maps.before_name;
    return {.title    = "Tokens on each GPU: " + name,
            .subtitle = fmt::format("mean over max {:.3f}, averaged over layers", balance),
            .x        = {.label = "GPU"},
            .y        = layer_axis(b),
            .marks    = {heat(b, map, highest(b.maps))}};
}

Figure layers_figure(const Balance& b) {
    plot::Line before{.name = b.maps.before_name}, after{.name = "as planned"},
        own{.name = "EPLB planned on this load", .dashed = true};
    for (const LayerBalance& l : b.layers) {
        before.points.push_back({double(l.layer), l.before});
        after.points.push_back({double(l.layer), l.after});
        own.points.push_back({double(l.layer), l.in_distribution});
    }
    return {.title    = "Balance of every layer",
            .subtitle = "mean over max of the tokens on a GPU; 1 is perfect",
            .x        = {.label = "layer"},
            .y        = {.label = "mean over max", .low = 0, .high = 1},
            .marks    = {before, own, after}};
}

Figure slots_figure(const Balance& b) {
    plot::Line endless{.name = "by popularity alone", .markers = true},
        batch{.name = "of a step's batch, chance included", .markers = true};
    for (const PlacedVariant& v : b.slots) {
        endless.points.push_back({double(v.redundant), v.mean_over_max});
        batch.points.push_back({double(v.redundant), 1 / v.max_over_mean_tokens});
    }
    return {.title    = "What redundant experts buy",
            .subtitle = fmt::format("{:.2f} to {:.2f} GB of experts on a GPU",
                                    b.slots.front().expert_weights.in(unit::GB),
                                    b.slots.back().expert_weights.in(unit::GB)),
            .x        = {.label = "redundant experts in each layer"},
            .y        = {.label = "mean over max", .high = 1},
            .marks    = {endless, batch}};
}

Figure drift_figure(const DriftReport& d) {
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

Figure training_figure(const Balance& b) {
    Figure f{.title    = "Balance of a router in training",
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

Figure dropped_figure(const Balance& b) {
    Figure f{.title    = "Tokens dropped in training",
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

}  // namespace

std::vector<NamedFigure> figures_of(const Balance& b) {
    std::vector<NamedFigure> out{{"experts", experts_figure(b)},
                                 {"layers", layers_figure(b)},
                                 {"before", ranks_figure(b, false)},
                                 {"after", ranks_figure(b, true)},
                                 {"slots", slots_figure(b)}};
    if (b.drift) out.push_back({"drift", drift_figure(*b.drift)});
    if (b.training.empty()) return out;
    out.push_back({"training", training_figure(b)});
    if (b.training.front().spec.capacity_factor > 0) out.push_back({"dropped", dropped_figure(b)});
    return out;
}

std::string to_svg(const Balance& b, const std::vector<std::string>& names) {
    std::vector<plot::Figure> shown;
    std::vector<std::string_view> known;
    const std::vector<NamedFigure> all = figures_of(b);
    for (const NamedFigure& f : all) {
        known.push_back(f.name);
        if (names.empty()) shown.push_back(f.figure);
    }
    for (const std::string& name : names) {
        const auto at = std::find(known.begin(), known.end(), name);
        if (at == known.end())
            throw SpecError("--figure " + clipped(name) + ": not known; allowed: " + joined(known));
        shown.push_back(all[std::size_t(at - known.begin())].figure);
    }
    return plot::grid_svg(shown, 2, kPanel);
}

}  // namespace isobath
