#include "sim/plot/markers.h"

namespace isobath::plot {
namespace {

Shape filled(std::vector<Point> points, Colour colour) {
    return {Polyline{.points = std::move(points), .colour = colour, .filled = true}, {}};
}

}  // namespace

Shape marker(Point at, std::size_t kind, Colour colour) {
    const auto [x, y] = at;
    switch (kind % 4) {
        case 0: return {Dot{at, 4, colour}, {}};
        case 1: return {Rect{{x - 3.5, y - 3.5, 7, 7}, colour}, {}};
        case 2: return filled({{x, y - 4.5}, {x + 4.5, y + 3.5}, {x - 4.5, y + 3.5}}, colour);
        default: return filled({{x, y - 5}, {x + 5, y}, {x, y + 5}, {x - 5, y}}, colour);
    }
}

void add_whisker(double x, double top, double bottom, Colour colour, const std::string& tooltip,
                 std::vector<Shape>& out) {
    out.push_back({Segment{{x, top}, {x, bottom}, colour, 1.5}, tooltip});
    for (const double y : {top, bottom})
        out.push_back({Segment{{x - 4, y}, {x + 4, y}, colour, 1.5}, tooltip});
}

}  // namespace isobath::plot
