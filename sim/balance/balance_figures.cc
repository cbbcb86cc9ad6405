#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/balance/balance_tables.h"
#include "sim/balance/more_figures.h"
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

/// Few experts are so hot that all others would look alike beside them.
double bright(std::vector<double> shares) {
    const auto at = shares.begin() + std::ptrdiff_t(0.998 * double(shares.size() - 1));
    std::nth_element(shares.begin(), at, shares.end());
    return std::max(1.0, *at);
}

Figure experts_figure(const Balance& b) {
    std::vector<double> shares = expert_shares(*b.of.scenario.load);
    const double high          = bright(shares);
    return {.title    = "How often each expert is chosen",
            .subtitle = fmt::format("hottest {:.1f} times its layer's mean; colours end at {:.1f}, two in a "
                                    "thousand lie above",
                                    b.load.hottest.front().over_mean, high),
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
    bool same = true;
    for (const LayerBalance& l : b.layers) {
        before.points.push_back({double(l.layer), l.before});
        after.points.push_back({double(l.layer), l.after});
        own.points.push_back({double(l.layer), l.in_distribution});
        same = same && l.after == l.in_distribution;
    }
    return {
        .title    = "Balance of every layer",
        .subtitle = "mean over max of the tokens on a GPU; 1 is perfect",
        .x        = {.label = "layer"},
        .y        = {.label = "mean over max", .low = 0, .high = 1},
        .marks = same ? std::vector<plot::Mark>{before, after} : std::vector<plot::Mark>{before, after, own}};
}

Figure slots_figure(const Balance& b) {
    plot::Line endless{.name = "by popularity alone", .markers = true},
        batch{.name = "of a step's batch, chance included", .markers = true};
    for (const PlacedVariant& v : b.slots) {
        endless.points.push_back({double(v.redundant), 1 / v.max_over_mean});
        batch.points.push_back({double(v.redundant), 1 / v.max_over_mean_tokens});
    }
    return {.title    = "What redundant experts buy",
            .subtitle = fmt::format("{:.2f} to {:.2f} GB of experts on a GPU",
                                    b.slots.front().expert_weights.in(unit::GB),
                                    b.slots.back().expert_weights.in(unit::GB)),
            .x        = {.label = "redundant experts in each layer"},
            .y        = {.label = "1 / (max over mean)", .high = 1},
            .marks    = {endless, batch}};
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
