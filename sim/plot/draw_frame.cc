#include <algorithm>

#include "sim/plot/axis.h"
#include "sim/plot/frame.h"
#include "sim/plot/lettering.h"
#include "sim/plot/measures.h"

namespace isobath::plot {
namespace {

void add_line(Point from, Point to, Colour colour, std::vector<Shape>& out) {
    out.push_back({Segment{from, to, colour, 1}, {}});
}

void draw_lines(Point at, std::string_view label, const Theme& theme, std::vector<Shape>& out) {
    for (; !label.empty(); at.y += 14) {
        const std::string_view line = label.substr(0, label.find('\n'));
        out.push_back({Text{at, std::string(line), tick_size, theme.ink, Anchor::middle}, {}});
        label.remove_prefix(std::min(label.size(), line.size() + 1));
    }
}

void draw_x_labels(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    const double bottom = frame.plot.bottom();
    for (const Tick& tick : frame.x.ticks.ticks) {
        const double x = pixel_of(frame.x.map, tick.at);
        add_line({x, bottom}, {x, bottom + (tick.label.empty() ? 2.5 : 4)}, theme.muted, out);
        if (tick.label.empty()) continue;
        if (frame.x.turned)
            out.push_back(
                {Text{{x + 3, bottom + 13}, tick.label, tick_size, theme.ink, Anchor::end, false, 45}, {}});
        else
            draw_lines({x, bottom + 17}, tick.label, theme, out);
    }
}

void draw_y_labels(const AxisFrame& axis, double x, Anchor anchor, const Theme& theme,
                   std::vector<Shape>& out) {
    for (const Tick& tick : axis.ticks.ticks)
        if (!tick.label.empty())
            out.push_back(
                {Text{{x, pixel_of(axis.map, tick.at) + 4}, tick.label, tick_size, theme.ink, anchor}, {}});
}

void draw_titles(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    const double room   = frame.size.width - 2 * edge - (frame.legend.width);
    const double used   = frame.colour_bar ? text_width(frame.colour_bar->title, label_size) + 20 : 0;
    const std::string y = ellipsized(frame.y.title, std::max(room - used, room / 2), label_size);
    if (!y.empty()) out.push_back({Text{{edge, frame.plot.y - 12}, y, label_size, theme.muted}, {}});
    const std::string x = ellipsized(frame.x.title, frame.plot.width, label_size);
    const Point below{frame.plot.x + frame.plot.width / 2, frame.plot.bottom() + label_depth(frame.x) + 16};
    if (!x.empty()) out.push_back({Text{below, x, label_size, theme.muted, Anchor::middle}, {}});
}

}  // namespace

void draw_header(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    double y = edge - 5;
    for (const std::string& line : frame.header.title)
        out.push_back({Text{{edge, y += 21}, line, title_size, theme.ink, Anchor::start, true}, {}});
    for (const std::string& line : frame.header.subtitle)
        out.push_back({Text{{edge, y += 17}, line, label_size, theme.muted}, {}});
}

void draw_grid(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    const Box& plot = frame.plot;
    for (const Tick& tick : frame.y.ticks.ticks) {
        const double y = pixel_of(frame.y.map, tick.at);
        if (!frame.y.named && !tick.label.empty()) add_line({plot.x, y}, {plot.right(), y}, theme.grid, out);
    }
    for (const Tick& tick : frame.x.ticks.ticks) {
        const double x = pixel_of(frame.x.map, tick.at);
        if (!frame.x.named && !tick.label.empty()) add_line({x, plot.y}, {x, plot.bottom()}, theme.grid, out);
    }
}

void draw_axes(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    const Box& plot = frame.plot;
    add_line({plot.x, plot.bottom()}, {plot.right(), plot.bottom()}, theme.muted, out);
    add_line({plot.x, plot.y}, {plot.x, plot.bottom()}, theme.muted, out);
    draw_x_labels(frame, theme, out);
    draw_y_labels(frame.y, plot.x - 7, Anchor::end, theme, out);
    draw_titles(frame, theme, out);
}

void draw_colour_bar(const Frame& frame, const Theme& theme, std::vector<Shape>& out) {
    constexpr int steps = 64;
    const Box& plot     = frame.plot;
    const double x = plot.right() + bar_gap, step = plot.height / steps;
    for (int i = 0; i < steps; ++i) {
        const Box box{x, plot.bottom() - (i + 1) * step, bar_width, step};
        out.push_back({Rect{box, sequential((i + 0.5) / steps), true}, {}});
    }
    draw_y_labels(*frame.colour_bar, x + bar_width + 6, Anchor::start, theme, out);
    const std::string title = ellipsized(frame.colour_bar->title, frame.size.width / 2 - edge, label_size);
    const Point corner{frame.size.width - edge, plot.y - 12};
    if (!title.empty()) out.push_back({Text{corner, title, label_size, theme.muted, Anchor::end}, {}});
}

}  // namespace isobath::plot
