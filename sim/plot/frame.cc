#include "sim/plot/frame.h"

#include <algorithm>

#include "sim/plot/axis.h"
#include "sim/plot/extent.h"
#include "sim/plot/lettering.h"
#include "sim/plot/measures.h"

namespace isobath::plot {
namespace {

struct Margins {
    double left = edge, right = edge, top = edge, bottom = edge;
};

Header make_header(const Figure& figure, double room) {
    Header out{wrapped(printable(figure.title), room, 2, title_size, true),
               wrapped(printable(figure.subtitle), room, 3, label_size), 0};
    out.height = edge + 21 * double(out.title.size()) + 16 * double(out.subtitle.size());
    if (!out.title.empty() || !out.subtitle.empty()) out.height += 6;
    return out;
}

Box inner(Size size, const Margins& m) {
    return {m.left, m.top, std::max(20., size.width - m.left - m.right),
            std::max(20., size.height - m.top - m.bottom)};
}

bool downward(const Figure& figure) {
    return find<HeatMap>(figure) || find<Gantt>(figure);
}

void set_axes(const Figure& figure, Frame& frame) {
    const Box& plot  = frame.plot;
    const bool down  = downward(figure);
    const double low = down ? plot.y : plot.bottom(), high = down ? plot.bottom() : plot.y;
    frame.x = make_axis(figure, false, plot.x, plot.right(), 0.3 * frame.size.height);
    frame.y = make_axis(figure, true, low, high, 0.26 * frame.size.width);
    if (const HeatMap* heat = find<HeatMap>(figure))
        frame.colour_bar = make_colour_axis(*heat, plot.bottom(), plot.y);
}

/// How far the last label of the horizontal axis hangs over the right end of the plot.
double overhang(const AxisFrame& x) {
    double most = 0;
    for (const Tick& tick : x.ticks.ticks)
        if (!x.turned && !tick.label.empty())
            most =
                std::max(most, pixel_of(x.map, tick.at) + text_width(tick.label, tick_size) / 2 - x.map.to);
    return most;
}

Margins margins_for(const Frame& frame) {
    Margins m;
    const bool above = !frame.y.title.empty() || (frame.colour_bar && !frame.colour_bar->title.empty());
    m.top            = frame.header.height + frame.legend.height + (above ? 20 : 0) + 6;
    m.left           = edge + widest_label(frame.y.ticks) + 8;
    if (frame.x.turned)
        m.left = std::max(m.left, std::min(0.16 * frame.size.width, 0.71 * widest_label(frame.x.ticks)));
    m.bottom = 8 + label_depth(frame.x) + (frame.x.title.empty() ? 0 : 20);
    m.right  = edge + std::max(frame.legend.width, overhang(frame.x));
    if (frame.colour_bar) m.right = edge + bar_gap + bar_width + 7 + widest_label(frame.colour_bar->ticks);
    return m;
}

/// Labels decide the margins, and the margins how many labels fit; margins that only grow settle this.
void settle(const Figure& figure, Frame& frame) {
    Margins m = margins_for(frame);
    for (int pass = 0; pass < 3; ++pass) {
        frame.plot = inner(frame.size, m);
        set_axes(figure, frame);
        const Margins now = margins_for(frame);
        m = {std::max(m.left, now.left), std::max(m.right, now.right), std::max(m.top, now.top),
             std::max(m.bottom, now.bottom)};
    }
    frame.plot = inner(frame.size, m);
    set_axes(figure, frame);
}

}  // namespace

Frame make_frame(const Figure& figure, Size size, const std::vector<Entry>& names) {
    Frame frame;
    frame.size   = {std::max(size.width, least_width), std::max(size.height, least_height)};
    frame.header = make_header(figure, frame.size.width - 2 * edge);
    frame.legend = place_legend(names, frame.size, frame.header.height);
    settle(figure, frame);
    return frame;
}

}  // namespace isobath::plot
