#include "sim/plot/clip.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isobath::plot {
namespace {

/// Narrows [enter, leave] to where `start + t * step` lies within [low, high]; false if nowhere.
bool narrow(double start, double step, double low, double high, double& enter, double& leave) {
    if (step == 0) return start >= low && start <= high;
    const auto [first, last] = std::minmax({(low - start) / step, (high - start) / step});
    enter                    = std::max(enter, first);
    leave                    = std::min(leave, last);
    return enter <= leave;
}

bool finite(Point p) {
    return std::isfinite(p.x) && std::isfinite(p.y);
}
bool same(Point a, Point b) {
    return a.x == b.x && a.y == b.y;
}

/// Keeps the extremes of points[first, last), in their order.
void keep_extremes(const std::vector<Point>& points, std::size_t first, std::size_t last,
                   std::vector<Point>& out) {
    const auto by_height = [&](std::size_t a, std::size_t b) { return points[a].y < points[b].y; };
    std::size_t lowest = first, highest = first;
    for (std::size_t i = first; i < last; ++i)
        lowest = std::min(lowest, i, by_height), highest = std::max(highest, i, by_height);
    std::array keep{first, lowest, highest, last - 1};
    std::ranges::sort(keep);
    for (std::size_t k = 0; k < keep.size(); ++k)
        if (k == 0 || keep[k] != keep[k - 1]) out.push_back(points[keep[k]]);
}

}  // namespace

bool inside(const Box& box, Point p) {
    return p.x >= box.x && p.x <= box.right() && p.y >= box.y && p.y <= box.bottom();
}

std::optional<std::pair<Point, Point>> clipped(const Box& box, Point from, Point to) {
    const double dx = to.x - from.x, dy = to.y - from.y;
    double enter = 0, leave = 1;
    if (!narrow(from.x, dx, box.x, box.right(), enter, leave)) return {};
    if (!narrow(from.y, dy, box.y, box.bottom(), enter, leave)) return {};
    const Point start = enter == 0 ? from : Point{from.x + enter * dx, from.y + enter * dy};
    const Point end   = leave == 1 ? to : Point{from.x + leave * dx, from.y + leave * dy};
    return std::pair{start, end};
}

std::vector<std::vector<Point>> clipped(const Box& box, const std::vector<Point>& points) {
    std::vector<std::vector<Point>> pieces;
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (!finite(points[i - 1]) || !finite(points[i])) continue;
        const auto part = clipped(box, points[i - 1], points[i]);
        if (!part) continue;
        if (pieces.empty() || !same(pieces.back().back(), part->first)) pieces.push_back({part->first});
        pieces.back().push_back(part->second);
    }
    return pieces;
}

std::vector<Point> thinned(const std::vector<Point>& points) {
    std::vector<Point> out;
    for (std::size_t first = 0, last = 0; first < points.size(); first = last) {
        const double column = std::floor(points[first].x);
        last                = first + 1;
        while (last < points.size() && std::floor(points[last].x) == column) ++last;
        keep_extremes(points, first, last, out);
    }
    return out;
}

}  // namespace isobath::plot
