/// A Figure laid out on a canvas: where everything stands, as shapes that anyone can paint.
///
/// Pixels run right and down from the top left corner. The SVG writer and the window paint the same list.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sim/plot/figure.h"
#include "sim/plot/palette.h"

namespace isobath::plot {

struct Size {
    double width = 0, height = 0;
};

struct Box {
    double x = 0, y = 0, width = 0, height = 0;
    double right() const { return x + width; }
    double bottom() const { return y + height; }
};

/// `crisp` asks for no smoothing at the edges, so that neighbours show no seam.
struct Rect {
    Box box;
    Colour fill;
    bool crisp = false;
};

struct Segment {
    Point from, to;
    Colour colour;
    double width = 1;
    bool dashed  = false;
};

/// An open line in `colour`, or, where `filled`, the area inside it.
struct Polyline {
    std::vector<Point> points;
    Colour colour;
    double width = 2;
    bool dashed = false, filled = false;
};

struct Dot {
    Point centre;
    double radius = 3;
    Colour colour;
};

enum class Anchor { start, middle, end };

/// One line of text; `at` is on its baseline, `turn` in degrees, counter-clockwise about `at`.
struct Text {
    Point at;
    std::string text;
    double size = 12;
    Colour colour;
    Anchor anchor = Anchor::start;
    bool bold     = false;
    double turn   = 0;
};

struct Shape {
    std::variant<Rect, Segment, Polyline, Dot, Text> form;
    std::string tooltip = {};
};

/// How values become pixels along one axis. `from` is the pixel of `low`, `to` that of `high`.
struct AxisMap {
    Scale scale = Scale::linear;
    double low = 0, high = 1, from = 0, to = 1;
};

/// The pixel of `value`; not finite where the axis cannot show it (zero on a log axis).
double pixel_of(const AxisMap&, double value);
double value_at(const AxisMap&, double pixel);

struct DisplayList {
    Size size;
    Colour background;
    Box plot;      ///< inside the axes
    AxisMap x, y;  ///< for pointing at values
    std::vector<Shape> shapes;
};

/// Lays `figure` out on a canvas of at least 160 x 120 pixels; a smaller `size` is taken as that.
DisplayList layout(const Figure& figure, Size size, const Theme&);

/// 720 wide, and as high as the rows of a Gantt or a heat map need.
Size natural_size(const Figure&);

/// The box a text covers, turned or not, by the metrics the layout works with.
Box bounds(const Text&);

}  // namespace isobath::plot
