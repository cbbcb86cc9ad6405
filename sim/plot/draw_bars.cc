#include <algorithm>
#include <cmath>

#include "sim/plot/draw.h"
#include "sim/plot/markers.h"

namespace isobath::plot {
namespace {

/// Where the bars of one category stand: `width` each, the first at `left`.
struct Slots {
    double left = 0, width = 0;
};

Slots slots(const Stage& stage, std::size_t category, std::size_t side_by_side) {
    const AxisMap& x  = stage.frame.x.map;
    const double slot = pixel_of(x, double(category) + 0.5) - pixel_of(x, double(category) - 0.5);
    const double used = std::min(slot * 0.76, 90. * double(side_by_side));
    return {pixel_of(x, double(category)) - used / 2, used / double(side_by_side)};
}

double height_at(const Stage& stage, double value) {
    const Box& plot = stage.frame.plot;
    const double y  = pixel_of(stage.frame.y.map, value);
    return std::isfinite(y) ? std::clamp(y, plot.y, plot.bottom()) : plot.bottom();
}

bool in_view(const Stage& stage, const Slots& place, double width) {
    return place.left >= stage.frame.plot.x - 0.01 && place.left + width <= stage.frame.plot.right() + 0.01;
}

struct Bar {
    const BarSeries& series;
    std::size_t category;
    double from, to;  ///< values
};

void draw_bar(const Stage& stage, const Bar& bar, double left, double width) {
    const double a = height_at(stage, bar.from), b = height_at(stage, bar.to);
    const double gap = width > 6 ? 1 : 0;
    const Box box{left + gap / 2, std::min(a, b), width - gap, std::abs(a - b)};
    const Point value{double(bar.category), bar.series.values[bar.category]};
    stage.add({Rect{box, stage.colour(bar.series.name)}, tooltip_at(stage, bar.series.name, value)});
    if (bar.category >= bar.series.ranges.size()) return;
    const Span& range = bar.series.ranges[bar.category];
    if (!std::isfinite(range.low) || !std::isfinite(range.high)) return;
    const double x = left + width / 2, top = height_at(stage, range.high),
                 bottom = height_at(stage, range.low);
    stage.add({Segment{{x, top}, {x, bottom}, stage.theme.background, 4}, {}});  // apart from any fill
    add_whisker(x, top, bottom, stage.theme.ink, tooltip_at(stage, bar.series.name, value), stage.out);
}

void draw_category(const Bars& bars, std::size_t category, const Stage& stage) {
    const std::size_t beside = bars.stacked ? 1 : bars.series.size();
    const Slots place        = slots(stage, category, beside);
    if (!in_view(stage, place, place.width * double(beside))) return;
    double up = 0, down = 0;
    for (std::size_t i = 0; i < bars.series.size(); ++i) {
        const BarSeries& series = bars.series[i];
        if (category >= series.values.size() || !std::isfinite(series.values[category])) continue;
        const double value = series.values[category];
        double& base       = value < 0 ? down : up;
        const double from  = bars.stacked ? base : 0;
        base += value;
        draw_bar(stage, {series, category, from, from + value},
                 place.left + (bars.stacked ? 0. : double(i)) * place.width, place.width);
    }
}

}  // namespace

void draw(const Bars& bars, const Stage& stage) {
    std::size_t categories = 0;
    for (const BarSeries& series : bars.series) categories = std::max(categories, series.values.size());
    for (std::size_t i = 0; i < categories; ++i) draw_category(bars, i, stage);
}

}  // namespace isobath::plot
