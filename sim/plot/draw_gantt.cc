#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "sim/plot/draw.h"
#include "sim/plot/lettering.h"
#include "sim/plot/measures.h"
#include "sim/plot/si.h"

namespace isobath::plot {
namespace {

constexpr double least_width_shown = 1;  // narrower intervals are merged, a pixel column at a time

/// The short intervals of one row that begin in one pixel column.
struct Column {
    std::size_t count = 0;
    double busy       = 0;                ///< pixels
    std::map<std::size_t, double> share;  ///< of busy, by category
};

using Columns = std::map<int, Column>;

struct Track {
    double top, height;
};

Track track_of(std::size_t row, const Stage& stage) {
    const AxisMap& y    = stage.frame.y.map;
    const double slot   = std::abs(pixel_of(y, 1) - pixel_of(y, 0));
    const double height = std::min(slot * 0.78, 40.);
    return {pixel_of(y, double(row)) - height / 2, height};
}

std::string name_of(const std::vector<std::string>& names, std::size_t i) {
    return i < names.size() ? names[i] : fmt::format("{}", i);
}

std::size_t main_category(const Column& column) {
    const auto by_share = [](const auto& a, const auto& b) { return a.second < b.second; };
    return std::ranges::max_element(column.share, by_share)->first;
}

/// Takes in `more`, the column to the right.
void join(Column& column, const Column& more) {
    column.count += more.count;
    column.busy += more.busy;
    for (const auto& [category, share] : more.share) column.share[category] += share;
}

std::string merged_tooltip(const Gantt& gantt, const Column& column, double width) {
    const std::size_t most = main_category(column);
    return fmt::format("{} short intervals, busy {:.0f}%; mostly {}", column.count,
                       100 * std::min(1., column.busy / width), name_of(gantt.categories, most));
}

void add_merged(const Gantt& gantt, const Stage& stage, Track track, int left, int right,
                const Column& column) {
    const double from = std::max(double(left), stage.frame.plot.x),
                 to   = std::min(double(right), stage.frame.plot.right());
    Colour colour     = stage.colour(name_of(gantt.categories, main_category(column)));
    colour.alpha      = std::uint8_t(std::lround(255 * std::clamp(column.busy / (right - left), 0.35, 1.)));
    if (to > from)
        stage.add({Rect{{from, track.top, to - from, track.height}, colour},
                   merged_tooltip(gantt, column, right - left)});
}

/// Columns side by side with the same main category become one box.
void add_columns(const Gantt& gantt, const Stage& stage, Track track, const Columns& columns) {
    for (auto first = columns.begin(); first != columns.end();) {
        Column sum = first->second;
        int end    = first->first + 1;
        auto next  = std::next(first);
        for (; next != columns.end() && next->first == end &&
               main_category(next->second) == main_category(first->second);
             ++next, ++end)
            join(sum, next->second);
        add_merged(gantt, stage, track, first->first, end, sum);
        first = next;
    }
}

std::string tooltip_of(const Gantt& gantt, const Interval& interval, const std::string& unit) {
    if (!interval.tooltip.empty()) return interval.tooltip;
    const std::string what =
        interval.label.empty() ? name_of(gantt.categories, interval.category) : interval.label;
    return fmt::format("{}: {} to {}, {}", what, with_unit(interval.begin, unit),
                       with_unit(interval.end, unit), with_unit(interval.end - interval.begin, unit));
}

void add_interval(const Gantt& gantt, const Interval& interval, const Stage& stage, double left,
                  double right) {
    const Track track   = track_of(interval.row, stage);
    const Colour colour = stage.colour(name_of(gantt.categories, interval.category));
    const double gap    = right - left > 4 ? 0.5 : 0;  // neighbours of one colour stay apart
    stage.add({Rect{{left + gap, track.top, right - left - 2 * gap, track.height}, colour},
               tooltip_of(gantt, interval, stage.figure.x.unit)});
    const std::string label = printable(interval.label);
    if (label.empty() || track.height < tick_size + 2 || text_width(label, tick_size) + 6 > right - left)
        return;
    const Point middle{(left + right) / 2, track.top + track.height / 2 + 4};
    stage.add({Text{middle, label, tick_size, readable_on(colour), Anchor::middle}, {}});
}

void count_short(const Interval& interval, double left, double right, Columns& columns) {
    Column& column = columns[int(std::floor((left + right) / 2))];
    ++column.count;
    column.busy += right - left;
    column.share[interval.category] += right - left;
}

}  // namespace

void draw(const Gantt& gantt, const Stage& stage) {
    const Box& plot = stage.frame.plot;
    std::vector<Columns> short_ones(gantt.rows.size());
    for (const Interval& interval : gantt.intervals) {
        double left  = pixel_of(stage.frame.x.map, interval.begin),
               right = pixel_of(stage.frame.x.map, interval.end);
        if (!(left <= right) || interval.row >= gantt.rows.size() || right < plot.x || left > plot.right())
            continue;
        left = std::max(left, plot.x), right = std::min(right, plot.right());
        if (right - left < least_width_shown)
            count_short(interval, left, right, short_ones[interval.row]);
        else
            add_interval(gantt, interval, stage, left, right);
    }
    for (std::size_t row = 0; row < short_ones.size(); ++row)
        add_columns(gantt, stage, track_of(row, stage), short_ones[row]);
}

}  // namespace isobath::plot
