#include "sim/plot/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/plot/extent.h"
#include "sim/plot/lettering.h"
#include "sim/plot/measures.h"
#include "sim/plot/si.h"

namespace isobath::plot {
namespace {

constexpr double between_labels = 10, line_height = 14, diagonal = 0.70710678118654752;

/// Whether neighbours keep their distance, side by side or one above the other.
bool fits(const AxisFrame& axis, bool vertical) {
    double end = -1e9;
    for (const Tick& tick : axis.ticks.ticks) {
        if (tick.label.empty()) continue;
        const double place = std::abs(pixel_of(axis.map, tick.at) - axis.map.from);
        const double half  = (vertical ? line_height : text_width(tick.label, tick_size)) / 2;
        if (place - half < end + (vertical ? 4 : between_labels)) return false;
        end = place + half;
    }
    return true;
}

std::string titled(const std::string& label, const std::string& unit) {
    if (unit.empty()) return printable(label);
    return printable(label.empty() ? unit : fmt::format("{} ({})", label, unit));
}

void keep_every(std::size_t stride, Ticks& ticks) {
    for (std::size_t i = 0; i < ticks.ticks.size(); ++i)
        if (i % stride) ticks.ticks[i].label.clear();
}

std::size_t stride_for(double needed, double slot) {
    return std::size_t(std::max(1., std::ceil(needed / slot)));
}

void cut_labels(Ticks& ticks, double room) {
    for (Tick& tick : ticks.ticks) tick.label = ellipsized(tick.label, room, tick_size);
}

/// Breaks names at spaces; false, and nothing done, if three lines in each slot are not enough.
bool break_labels(AxisFrame& axis, double slot) {
    AxisFrame broken = axis;
    for (Tick& tick : broken.ticks.ticks) {
        const auto lines = wrapped(tick.label, slot - between_labels, 3, tick_size);
        if (fmt::format("{}", fmt::join(lines, " ")) != tick.label) return false;
        tick.label   = fmt::format("{}", fmt::join(lines, "\n"));
        broken.lines = std::max(broken.lines, int(lines.size()));
    }
    axis = std::move(broken);
    return true;
}

/// Names that are too long for their slot stand at 45 degrees; the first one must not leave the canvas.
void turn_labels(AxisFrame& axis, double slot, double label_room) {
    axis.turned = true;
    for (Tick& tick : axis.ticks.ticks) {
        const double reach = (pixel_of(axis.map, tick.at) - 6) / diagonal - tick_size;
        tick.label         = ellipsized(tick.label, std::min(label_room, reach), tick_size);
    }
    keep_every(stride_for(line_height + 3, slot * diagonal), axis.ticks);
}

Ticks name_ticks(const std::vector<std::string>& names, const Extent& extent) {
    Ticks out{extent.low, extent.high, {}, {}};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (double(i) >= extent.low && double(i) <= extent.high)
            out.ticks.push_back({double(i), printable(names[i])});
    return out;
}

AxisFrame name_axis(const std::vector<std::string>& names, const Extent& extent, bool vertical, AxisMap map,
                    double label_room) {
    AxisFrame out{.ticks = name_ticks(names, extent), .map = map, .named = true};
    const double slot = std::abs(map.to - map.from) / (extent.high - extent.low);
    if (vertical) {
        cut_labels(out.ticks, label_room);
        keep_every(stride_for(line_height, slot), out.ticks);
    } else if (widest_label(out.ticks) + between_labels > slot && !break_labels(out, slot)) {
        turn_labels(out, slot, label_room);
    }
    return out;
}

/// As many ticks as fit, starting from one in `pitch` pixels.
AxisFrame number_axis(TickWish wish, bool vertical, AxisMap map, double pitch) {
    AxisFrame out;
    for (wish.most = std::max(2, int(std::abs(map.to - map.from) / pitch)); wish.most >= 2; --wish.most) {
        out.ticks = choose_ticks(wish);
        out.map   = {wish.scale, out.ticks.low, out.ticks.high, map.from, map.to};
        if (fits(out, vertical)) return out;
    }
    const auto first = std::ranges::find_if(out.ticks.ticks, [](const Tick& t) { return !t.label.empty(); });
    for (auto tick = first; tick != out.ticks.ticks.end(); ++tick)
        if (tick != first) tick->label.clear();
    return out;
}

/// The values that a colour bar must span; the cells of a heat map are its only data.
Figure figure_of_values(const HeatMap& map) {
    Line values;
    for (const double value : map.values) values.points.push_back({0, value});
    return {.title = {},
            .x     = {},
            .y     = {.label = map.label, .unit = map.unit, .low = map.low, .high = map.high},
            .marks = {values}};
}

}  // namespace

double widest_label(const Ticks& ticks) {
    double widest = 0;
    for (const Tick& tick : ticks.ticks) widest = std::max(widest, text_width(tick.label, tick_size));
    return widest;
}

double label_depth(const AxisFrame& x) {
    return x.turned ? (widest_label(x.ticks) + tick_size) * diagonal + 8 : line_height * x.lines + 5;
}

AxisFrame make_axis(const Figure& figure, bool vertical, double from, double to, double label_room) {
    const Axis& axis    = vertical ? figure.y : figure.x;
    const Extent extent = extent_of(figure, vertical);
    const auto names    = categories_of(figure, vertical);
    const AxisMap map{axis.scale, extent.low, extent.high, from, to};
    const bool cells = find<HeatMap>(figure);
    const TickWish wish{axis.scale,        extent.low, extent.high, extent.widen_low,
                        extent.widen_high, cells,      8,           axis.unit};
    AxisFrame out = names.empty() ? number_axis(wish, vertical, map, vertical ? (cells ? 24 : 44) : 56)
                                  : name_axis(names, extent, vertical,
                                              {Scale::linear, map.low, map.high, from, to}, label_room);
    out.title     = titled(axis.label, names.empty() ? out.ticks.unit : axis.unit);
    return out;
}

AxisFrame make_colour_axis(const HeatMap& heat, double from, double to) {
    const Figure values = figure_of_values(heat);
    const Extent extent = extent_of(values, true);
    TickWish wish{Scale::linear, extent.low, extent.high, false, false, false, 8, heat.unit};
    AxisFrame out = number_axis(wish, true, {Scale::linear, extent.low, extent.high, from, to}, 44);
    out.title     = titled(heat.label, out.ticks.unit);
    return out;
}

}  // namespace isobath::plot
