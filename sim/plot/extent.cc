#include "sim/plot/extent.h"

#include <algorithm>
#include <cmath>

namespace isobath::plot {
namespace {

/// Grows over the values that an axis can show.
struct Hull {
    bool positive_only = false;
    double low = 0, high = 0;
    bool empty = true;

    void add(double value) {
        if (!std::isfinite(value) || (positive_only && value <= 0)) return;
        value = std::clamp(value, -1e300, 1e300);  // so that a difference stays finite
        low   = empty ? value : std::min(low, value);
        high  = empty ? value : std::max(high, value);
        empty = false;
    }
};

void add_points(Hull& hull, const std::vector<Point>& points, bool vertical) {
    for (const Point& p : points)
        if (std::isfinite(p.x) && std::isfinite(p.y)) hull.add(vertical ? p.y : p.x);
}

void add_spans(Hull& hull, const std::vector<Span>& spans, bool vertical) {
    for (const Span& s : spans) {
        hull.add(vertical ? s.low : s.x);
        hull.add(vertical ? s.high : s.x);
    }
}

void add_stack(Hull& hull, const Bars& bars, std::size_t category) {
    double up = 0, down = 0;
    for (const BarSeries& series : bars.series) {
        const double value = category < series.values.size() ? series.values[category] : 0;
        if (std::isfinite(value)) (value < 0 ? down : up) += value;
    }
    hull.add(up);
    hull.add(down);
}

struct AddTo {
    Hull& hull;
    bool vertical;

    void operator()(const Line& mark) const { add_points(hull, mark.points, vertical); }
    void operator()(const Scatter& mark) const { add_points(hull, mark.points, vertical); }
    void operator()(const Band& mark) const { add_spans(hull, mark.spans, vertical); }
    void operator()(const ErrorBars& mark) const { add_spans(hull, mark.spans, vertical); }
    void operator()(const Rule& mark) const {
        if (mark.vertical != vertical) hull.add(mark.at);
    }
    void operator()(const Bars& mark) const {
        for (const BarSeries& series : mark.series)
            for (std::size_t i = 0; i < series.values.size(); ++i) {
                if (!vertical) hull.add(double(i) - 0.5), hull.add(double(i) + 0.5);
                if (vertical && mark.stacked) add_stack(hull, mark, i);
                if (vertical && !mark.stacked) hull.add(series.values[i]);
                if (vertical && i < series.ranges.size()) add_spans(hull, {series.ranges[i]}, true);
            }
    }
    void operator()(const HeatMap& mark) const {
        const auto cells = vertical ? mark.rows : mark.columns;
        if (cells > 0) hull.add(-0.5), hull.add(double(cells) - 0.5);
    }
    void operator()(const Gantt& mark) const {
        for (const Interval& interval : mark.intervals) hull.add(interval.begin), hull.add(interval.end);
    }
};

bool tight(const Figure& figure) {
    return find<HeatMap>(figure) || find<Gantt>(figure) || find<Bars>(figure);
}

/// A range of one value, or nearly, gets room around it.
void open_up(Hull& hull) {
    if (hull.empty) hull.low = hull.positive_only ? 1 : 0, hull.high = hull.positive_only ? 10 : 1;
    const double middle = hull.low / 2 + hull.high / 2;
    if (hull.high - hull.low > 1e-9 * std::abs(middle)) return;
    if (hull.positive_only)
        hull.low = middle / 2, hull.high = middle * 2;
    else
        hull.low  = middle - std::abs(middle) / 10,
        hull.high = middle + (middle == 0 ? 1 : std::abs(middle) / 10);
}

void reach_zero(Hull& hull, bool always) {
    if (hull.low > 0 && (always || hull.low < 0.35 * hull.high)) hull.low = 0;
    if (hull.high < 0 && (always || hull.high > 0.35 * hull.low)) hull.high = 0;
}

/// Two hundredths on either side, so that no mark sits on the frame; never across zero.
void add_air(Hull& hull) {
    if (hull.positive_only) {
        const double air = std::pow(hull.high / hull.low, 0.02);
        hull.low /= air, hull.high *= air;
        return;
    }
    const double air = 0.02 * (hull.high - hull.low);
    if (hull.low < 0 || hull.low > air) hull.low -= air;
    if (hull.high > 0 || hull.high < -air) hull.high += air;
}

void force(Extent& extent, const Axis& axis) {
    const bool log    = axis.scale != Scale::linear;
    const auto usable = [&](const std::optional<double>& end) {
        return end && std::isfinite(*end) && std::abs(*end) <= 1e300 && (!log || *end > 0);
    };
    if (usable(axis.low)) extent.low = *axis.low, extent.widen_low = false;
    if (usable(axis.high)) extent.high = *axis.high, extent.widen_high = false;
    if (extent.high - extent.low > 1e-9 * std::abs(extent.low)) return;
    if (usable(axis.high))
        extent.low = log ? extent.high / 10 : extent.high - std::max(1., std::abs(extent.high));
    else
        extent.high = log ? extent.low * 10 : extent.low + std::max(1., std::abs(extent.low));
}

}  // namespace

std::vector<std::string> categories_of(const Figure& figure, bool vertical) {
    const Gantt* gantt = find<Gantt>(figure);
    if (vertical && gantt) return gantt->rows;
    return vertical ? figure.y.categories : figure.x.categories;
}

Extent extent_of(const Figure& figure, bool vertical) {
    const Axis& axis        = vertical ? figure.y : figure.x;
    const std::size_t names = categories_of(figure, vertical).size();
    if (names > 0 && !find<HeatMap>(figure)) return {-0.5, double(names) - 0.5, false, false};
    Hull hull{.positive_only = axis.scale != Scale::linear};
    for (const Mark& mark : figure.marks) std::visit(AddTo{hull, vertical}, mark);
    if (!hull.positive_only && !hull.empty && !find<HeatMap>(figure))
        if (vertical || axis.from_zero) reach_zero(hull, axis.from_zero || find<Bars>(figure));
    open_up(hull);
    if (!vertical && !tight(figure)) add_air(hull);
    const bool widen = vertical && !find<HeatMap>(figure);
    Extent extent{hull.low, hull.high, widen, widen};
    force(extent, axis);
    return extent;
}

}  // namespace isobath::plot
