#include "sim/validate/figures.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include <fmt/format.h>

#include "sim/validate/evaluators.h"

namespace isobath {
namespace {

constexpr std::size_t kFewest = 3;
constexpr std::size_t kCrowd  = 150;  ///< more points than this are drawn GPU by GPU

using Results = std::vector<const PointResult*>;

/// The unit without prefix that si_per() leads to: "us" is in "s". The others are their own.
std::string si_unit(const std::string& unit) {
    static const std::map<std::string, std::string> units{
        {"us", "s"}, {"ms", "s"}, {"TFLOP/s", "FLOP/s"}, {"GFLOP", "FLOP"}, {"GB/s", "B/s"}};
    const auto found = units.find(unit);
    return found == units.end() ? unit : found->second;
}

/// From a little below the least to a little above the greatest, predicted or published; zero has no place.
plot::Point ends_of(const Results& results) {
    plot::Point ends{1e300, 0};
    for (const PointResult* r : results)
        for (const double value : {r->point.value, r->predicted.value}) {
            if (!(value > 0)) continue;
            ends.x = std::min(ends.x, value * si_per(r->point.unit));
            ends.y = std::max(ends.y, value * si_per(r->point.unit));
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

plot::Figure scatter_figure(const std::string& title, const std::string& unit, const Results& results) {
    const plot::Point ends = ends_of(results);
    plot::Axis x{"published", unit, plot::Scale::log, ends.x, ends.y}, y = x;
    y.label = "predicted";
    plot::Figure out{title, fmt::format("{} points in {}", results.size(), unit), x, y, {}};
    out.marks.push_back(plot::Line{"equal", {{ends.x, ends.x}, {ends.y, ends.y}}});
    for (const bool fit : {false, true}) {
        // Both names are always there, so that each keeps its colour from picture to picture.
        out.marks.push_back(bars(results, fit));
        out.marks.push_back(dots(results, fit));
    }
    return out;
}

std::map<std::string, Results> by(const Results& results,
                                  const std::function<std::string(const ValidationPoint&)>& name) {
    std::map<std::string, Results> out;
    for (const PointResult* r : results) out[name(r->point)].push_back(r);
    return out;
}

void add(std::vector<plot::Figure>& out, const std::string& title, const std::string& unit,
         const Results& results) {
    if (results.size() >= kFewest) out.push_back(scatter_figure(title, unit, results));
}

}  // namespace

std::vector<plot::Figure> scatter_figures(std::span<const PointResult> results,
                                          std::span<const Group> levels) {
    std::vector<plot::Figure> out;
    for (const Group& level : levels) {
        Results of_level;
        for (const PointResult& r : results)
            if (r.point.level == level.name) of_level.push_back(&r);
        for (const auto& [unit, points] : by(of_level, [](const auto& p) { return si_unit(p.unit); })) {
            if (points.size() <= kCrowd) add(out, level.name, unit, points);
            if (points.size() <= kCrowd) continue;
            for (const auto& [gpu, some] : by(points, [](const auto& p) { return p.gpu; }))
                add(out, level.name + ", " + gpu, unit, some);
        }
    }
    return out;
}

}  // namespace isobath
