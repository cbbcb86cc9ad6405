#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/plot/clip.h"
#include "sim/plot/draw.h"
#include "sim/plot/lettering.h"
#include "sim/plot/markers.h"
#include "sim/plot/measures.h"
#include "sim/plot/si.h"

namespace isobath::plot {
namespace {

std::string prefixed(const std::string& name, const std::string& text) {
    return name.empty() ? text : fmt::format("{}: {}", name, text);
}

std::string tooltip_of(const Stage& stage, const std::string& name, const Span& span) {
    const Axis& y = stage.figure.y;
    return prefixed(name, fmt::format("{}, {} to {}", shown(stage.figure.x, span.x), shown(y, span.low),
                                      shown(y, span.high)));
}

void add_marker(const Stage& stage, const std::string& name, Point value, std::string tooltip) {
    const Point at = stage.pixel(value);
    if (!std::isfinite(at.x) || !std::isfinite(at.y) || !inside(stage.frame.plot, at)) return;
    Shape shape   = marker(at, colour_of(stage.names, name), stage.colour(name));
    shape.tooltip = std::move(tooltip);
    stage.add(std::move(shape));
}

double clamped_height(const Stage& stage, double value) {
    const Box& plot = stage.frame.plot;
    const double y  = pixel_of(stage.frame.y.map, value);
    return std::isnan(y) || std::isinf(y) ? plot.bottom() : std::clamp(y, plot.y, plot.bottom());
}

/// Pixels of the spans that the plot shows, as an outline: along the high ends, back along the low ones.
std::vector<Point> outline(const Band& band, const Stage& stage) {
    std::vector<Point> out, back;
    for (const Span& span : band.spans) {
        if (!std::isfinite(span.low) || !std::isfinite(span.high)) continue;
        const double x = pixel_of(stage.frame.x.map, span.x);
        if (!std::isfinite(x) || x < stage.frame.plot.x || x > stage.frame.plot.right()) continue;
        out.push_back({x, clamped_height(stage, span.high)});
        back.push_back({x, clamped_height(stage, span.low)});
    }
    out.insert(out.end(), back.rbegin(), back.rend());
    return out;
}

/// The rule's name beside it, on ground of its own so that it can be read over other marks.
void label_rule(const Rule& rule, double at, const Stage& stage) {
    const Box& plot        = stage.frame.plot;
    const bool to_right    = rule.vertical && at < plot.x + plot.width / 2;
    const double room      = !rule.vertical ? plot.width : to_right ? plot.right() - at : at - plot.x;
    const std::string name = ellipsized(printable(rule.name), room - 10, tick_size);
    if (name.empty()) return;
    const double beside = rule.vertical ? at : plot.right();
    const double height = rule.vertical ? plot.y + 14 : at < plot.y + 18 ? at + 13 : at - 5;
    const Text text{{beside + (to_right ? 5 : -5), height},
                    name,
                    tick_size,
                    stage.theme.ink,
                    to_right ? Anchor::start : Anchor::end};
    Colour ground = stage.theme.background;
    ground.alpha  = 205;
    stage.add({Rect{bounds(text), ground}, {}});
    stage.add({text, {}});
}

}  // namespace

std::string shown(const Axis& axis, double value) {
    const bool named = value >= 0 && value < double(axis.categories.size());
    return named ? axis.categories[std::size_t(value)] : with_unit(value, axis.unit);
}

std::string tooltip_at(const Stage& stage, const std::string& name, Point value) {
    return prefixed(name,
                    fmt::format("{}, {}", shown(stage.figure.x, value.x), shown(stage.figure.y, value.y)));
}

void draw(const Line& line, const Stage& stage) {
    std::vector<Point> pixels;
    for (const Point& value : line.points) pixels.push_back(stage.pixel(value));
    for (const auto& piece : clipped(stage.frame.plot, pixels))
        stage.add({Polyline{thinned(piece), stage.colour(line.name), 2, line.dashed}, line.name});
    if (line.markers)
        for (const Point& value : line.points)
            add_marker(stage, line.name, value, tooltip_at(stage, line.name, value));
}

void draw(const Scatter& scatter, const Stage& stage) {
    for (std::size_t i = 0; i < scatter.points.size(); ++i) {
        const bool given = i < scatter.tooltips.size();
        add_marker(stage, scatter.name, scatter.points[i],
                   given ? scatter.tooltips[i] : tooltip_at(stage, scatter.name, scatter.points[i]));
    }
}

void draw(const Band& band, const Stage& stage) {
    Colour colour = stage.colour(band.name);
    colour.alpha  = band_alpha;
    auto points   = outline(band, stage);
    if (points.size() >= 4) stage.add({Polyline{std::move(points), colour, 0, false, true}, band.name});
}

void draw(const ErrorBars& bars, const Stage& stage) {
    for (const Span& span : bars.spans) {
        const double x = pixel_of(stage.frame.x.map, span.x);
        if (!std::isfinite(x) || x < stage.frame.plot.x || x > stage.frame.plot.right()) continue;
        if (!std::isfinite(span.low) || !std::isfinite(span.high)) continue;
        add_whisker(x, clamped_height(stage, span.high), clamped_height(stage, span.low),
                    stage.colour(bars.name), tooltip_of(stage, bars.name, span), stage.out);
    }
}

void draw(const Rule& rule, const Stage& stage) {
    const Box& plot = stage.frame.plot;
    const double at = pixel_of(rule.vertical ? stage.frame.x.map : stage.frame.y.map, rule.at);
    const Point from{rule.vertical ? at : plot.x, rule.vertical ? plot.y : at};
    const Point to{rule.vertical ? at : plot.right(), rule.vertical ? plot.bottom() : at};
    if (!std::isfinite(at) || !inside(plot, from)) return;
    const std::string value = shown(rule.vertical ? stage.figure.x : stage.figure.y, rule.at);
    stage.add({Segment{from, to, stage.theme.ink, 1.25, true}, prefixed(rule.name, value)});
    label_rule(rule, at, stage);
}

}  // namespace isobath::plot
