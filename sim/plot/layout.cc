#include "sim/plot/layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sim/plot/draw.h"
#include "sim/plot/extent.h"
#include "sim/plot/lettering.h"
#include "sim/plot/measures.h"

namespace isobath::plot {
namespace {

double on_scale(Scale scale, double value) {
    if (scale == Scale::linear) return value;
    return value > 0 ? std::log(value) : std::numeric_limits<double>::quiet_NaN();
}

/// A Gantt or heat map brings its own ground; a grid over gaps in it would read as data.
bool wants_grid(const Figure& figure) {
    return !find<HeatMap>(figure);
}

}  // namespace

double pixel_of(const AxisMap& map, double value) {
    const double low = on_scale(map.scale, map.low), high = on_scale(map.scale, map.high);
    return map.from + (on_scale(map.scale, value) - low) / (high - low) * (map.to - map.from);
}

double value_at(const AxisMap& map, double pixel) {
    const double low = on_scale(map.scale, map.low), high = on_scale(map.scale, map.high);
    const double place = low + (pixel - map.from) / (map.to - map.from) * (high - low);
    return map.scale == Scale::linear ? place : std::exp(place);
}

Box bounds(const Text& text) {
    const double width = text_width(text.text, text.size, text.bold);
    const double left  = text.anchor == Anchor::start ? 0 : text.anchor == Anchor::end ? -width : -width / 2;
    const double angle = -text.turn * std::numbers::pi / 180, up = -0.8 * text.size, down = 0.22 * text.size;
    Box hull{1e9, 1e9, 0, 0};
    double right = -1e9, bottom = -1e9;
    for (const double x : {left, left + width})
        for (const double y : {up, down}) {
            const double across = text.at.x + x * std::cos(angle) - y * std::sin(angle);
            const double along  = text.at.y + x * std::sin(angle) + y * std::cos(angle);
            hull.x = std::min(hull.x, across), hull.y = std::min(hull.y, along);
            right = std::max(right, across), bottom = std::max(bottom, along);
        }
    return {hull.x, hull.y, right - hull.x, bottom - hull.y};
}

DisplayList layout(const Figure& figure, Size size, const Theme& theme) {
    const std::vector<Entry> names = names_of(figure);
    const Frame frame              = make_frame(figure, size, names);
    DisplayList out{frame.size, theme.background, frame.plot, frame.x.map, frame.y.map, {}};
    const Stage stage{figure, frame, names, theme, out.shapes};
    if (wants_grid(figure)) draw_grid(frame, theme, out.shapes);
    for (const Mark& mark : figure.marks) std::visit([&](const auto& m) { draw(m, stage); }, mark);
    draw_axes(frame, theme, out.shapes);
    if (frame.colour_bar) draw_colour_bar(frame, theme, out.shapes);
    draw_header(frame, theme, out.shapes);
    draw_legend(frame.legend, theme, out.shapes);
    return out;
}

Size natural_size(const Figure& figure) {
    if (const Gantt* gantt = find<Gantt>(figure))
        return {900, std::clamp(130 + 30. * double(gantt->rows.size()), 200., 1600.)};
    if (const HeatMap* heat = find<HeatMap>(figure))
        return {900, std::clamp(150 + 8. * double(heat->rows), 320., 1200.)};
    return {720, 420};
}

}  // namespace isobath::plot
