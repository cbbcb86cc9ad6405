/// A picture as a value: what is shown, in which units; nothing about pixels or colours.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace isobath::plot {

enum class Scale {
    linear,
    log,
    log2
};  ///< log2 puts its ticks on powers of two (batch sizes, context lengths)

/// One axis. Values are in `unit`, without prefix ("s", "B/s", "token/s"); the picture chooses the prefix.
struct Axis {
    std::string label = {}, unit = {};
    Scale scale               = Scale::linear;
    std::optional<double> low = {}, high = {};  ///< unset: from the data
    bool from_zero = false;                     ///< show zero even if the data lie far from it (linear only)
    std::vector<std::string> categories = {};   ///< if any, the value i (0, 1, ...) is shown as categories[i]
};

struct Point {
    double x = 0, y = 0;
};

/// The interval from `low` to `high`, at `x`.
struct Span {
    double x = 0, low = 0, high = 0;
};

// Marks of the same name share a colour and one legend entry; an empty name has no entry.
// A value that is not finite, or not positive on a log axis, is left out (a line has a gap there).

struct Line {
    std::string name          = {};
    std::vector<Point> points = {};  ///< in drawing order
    bool dashed = false, markers = false;
};

struct Scatter {
    std::string name                  = {};
    std::vector<Point> points         = {};
    std::vector<std::string> tooltips = {};  ///< one per point, or none: the tooltip then says the values
};

struct Band {
    std::string name        = {};
    std::vector<Span> spans = {};  ///< in order of x; the area between low and high is tinted
};

struct ErrorBars {
    std::string name        = {};
    std::vector<Span> spans = {};
};

/// A line across the plot at one value: a limit, a target.
struct Rule {
    std::string name = {};
    double at        = 0;
    bool vertical    = false;  ///< at x = `at`; else at y = `at`
};

/// One bar per category of Figure::x.
struct BarSeries {
    std::string name           = {};
    std::vector<double> values = {};
    std::vector<Span> ranges   = {};  ///< one per value (x is ignored), or none: drawn as whiskers
};

struct Bars {
    std::vector<BarSeries> series = {};
    bool stacked                  = false;  ///< on top of one another; else side by side
};

/// `rows` x `columns` cells coloured by value. Cell (row, column) stands at y = row (downward), x = column.
struct HeatMap {
    std::size_t rows = 0, columns = 0;
    std::vector<double> values = {};    ///< row-major, rows * columns; missing or not finite: shown as a gap
    std::string label = {}, unit = {};  ///< of the values, for the colour bar
    std::optional<double> low = {}, high = {};  ///< ends of the colour bar; unset: from the data
};

struct Interval {
    std::size_t row = 0, category = 0;  ///< into Gantt::rows and Gantt::categories
    double begin = 0, end = 0;
    std::string label = {}, tooltip = {};  ///< the label is drawn only where it fits
};

/// What each row (a stream) does over x. Intervals need no order.
struct Gantt {
    std::vector<std::string> rows = {}, categories = {};
    std::vector<Interval> intervals = {};
};

using Mark = std::variant<Line, Scatter, Band, ErrorBars, Rule, Bars, HeatMap, Gantt>;

/// Marks are drawn in order, the first at the back. A HeatMap or a Gantt stands alone in its Figure.
struct Figure {
    std::string title = {}, subtitle = {};
    Axis x = {}, y = {};
    std::vector<Mark> marks = {};
};

}  // namespace isobath::plot
