#include "sim/validate/figures.h"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "sim/validate/evaluators.h"

namespace isobath {
namespace {

constexpr std::size_t kFewest = 3;

using Results = std::vector<const PointResult*>;

/// The unit without prefix that si_per() leads to: "us" is in "s". The others are their own.
std::string si_unit(const std::string& unit) {
    static const std::map<std::string, std::string> units{
        {"us", "s"}, {"ms", "s"}, {"TFLOP/s", "FLOP/s"}, {"GFLOP", "FLOP"}, {"GB/s", "B/s"}};
    const auto found = units.find(unit);
    return found == units.end() ? unit : found->second;
}

/// From a little below the least to a little above the greatest, predicted or published.
plot::Point ends_of(const Results& results) {
    plot::Point ends{1e300, 0};
    for (const PointResult* r : results) {
        const double si = si_per(r->point.unit);
        ends.x          = std::min({ends.x, r->point.value * si, r->predicted.value * si});
        ends.y          = std::max({ends.y, r->point.value * si, r->predicted.value * si});
    }
    return {ends.x / 1.4, ends.y * 1.4};
}

plot::ErrorBars bars(const Results& results, bool fit) {
    plot::ErrorBars out{fit ? "in sample" : "judged", {}};
    for (const PointResult* r : results) {
        const double si    = si_per(r->point.unit);
        const Predicted& p = r->predicted;
        if (r->point.used_in_fit == fit && p.high > p.low)
            out.spans.push_back({r->point.value * si, p.low * si, p.high * si});
    }
    return out;
}

plot::Scatter dots(const Results& results, bool fit) {
    plot::Scatter out{fit ? "in sample" : "judged", {}, {}};
    for (const PointResult* r : results) {
        if (r->point.used_in_fit != fit) continue;
        const double si = si_per(r->point.unit);
        out.points.push_back({r->point.value * si, r->predicted.value * si});
        out.tooltips.push_back(fmt::format("{}: predicted {:.4g}, published {:.4g} {} ({:+.1f} %)",
                                           r->point.id, r->predicted.value, r->point.value, r->point.unit,
                                           100 * r->error));
    }
    return out;
}

plot::Figure scatter_figure(const std::string& level, const std::string& unit, const Results& results) {
    const plot::Point ends = ends_of(results);
    plot::Axis x{"published", unit, plot::Scale::log, ends.x, ends.y}, y = x;
    y.label = "predicted";
    plot::Figure out{level, fmt::format("{} points in {}", results.size(), unit), x, y, {}};
    out.marks.push_back(plot::Line{"equal", {{ends.x, ends.x}, {ends.y, ends.y}}});
    for (const bool fit : {false, true}) {
        const plot::Scatter points = dots(results, fit);
        if (points.points.empty()) continue;
        out.marks.push_back(bars(results, fit));
        out.marks.push_back(points);
    }
    return out;
}

}  // namespace

std::vector<plot::Figure> scatter_figures(std::span<const PointResult> results,
                                          std::span<const Group> levels) {
    std::vector<plot::Figure> out;
    for (const Group& level : levels) {
        std::map<std::string, Results> by_unit;
        for (const PointResult& r : results)
            if (r.point.level == level.name) by_unit[si_unit(r.point.unit)].push_back(&r);
        for (const auto& [unit, points] : by_unit)
            if (points.size() >= kFewest) out.push_back(scatter_figure(level.name, unit, points));
    }
    return out;
}

}  // namespace isobath
