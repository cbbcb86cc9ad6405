#include "model/measured_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace isobath {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Where a value lies between the entries `left` and `left + 1` of an axis: 0 at the left one.
struct Between {
    std::size_t left = 0;
    double weight    = 0;
};

std::optional<Between> between(std::span<const double> values, std::span<const double> logs, double value) {
    if (values.empty() || !(value >= values.front() && value <= values.back())) return std::nullopt;
    const auto after = std::upper_bound(values.begin(), values.end(), value);
    const auto left  = std::size_t(after - values.begin()) - 1;
    if (values[left] == value) return Between{left, 0};
    return Between{left, (std::log(value) - logs[left]) / (logs[left + 1] - logs[left])};
}

using SiteKey = std::pair<int, int>;

std::map<SiteKey, std::vector<MeasuredPoint>> by_site(std::span<const MeasuredPoint> points) {
    std::map<SiteKey, std::vector<MeasuredPoint>> out;
    for (const MeasuredPoint& point : points) out[{point.site[0], point.site[1]}].push_back(point);
    return out;
}

}  // namespace

MeasuredGrid::Axis::Axis(std::vector<double> all) : values(std::move(all)) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const double value : values) logs.push_back(std::log(value));
}

std::size_t MeasuredGrid::Axis::index_of(double value) const {
    return std::size_t(std::lower_bound(values.begin(), values.end(), value) - values.begin());
}

MeasuredGrid::Site MeasuredGrid::site_of(std::span<const MeasuredPoint> points) {
    std::vector<double> x, y;
    for (const MeasuredPoint& point : points) x.push_back(point.x), y.push_back(point.y);
    Site site{points.front().site[0], points.front().site[1], Axis(std::move(x)), Axis(std::move(y)), {}, {}};
    site.times.assign(site.x.values.size() * site.y.values.size(), kMissing);
    for (const MeasuredPoint& point : points) {
        double& time = site.times[site.x.index_of(point.x) * site.y.values.size() + site.y.index_of(point.y)];
        time         = std::fmin(time, point.time.base());  // of a number and none, the number
    }
    for (const double time : site.times) site.logs.push_back(std::log(time));
    return site;
}

MeasuredGrid::MeasuredGrid(std::span<const MeasuredPoint> points) {
    for (const auto& [key, of_site] : by_site(points)) sites_.push_back(site_of(of_site));
}

std::optional<GridTime> MeasuredGrid::Site::at(double at_x, double at_y) const {
    const auto i = between(x.values, x.logs, at_x), j = between(y.values, y.logs, at_y);
    if (!i || !j) return std::nullopt;
    const std::size_t across = y.values.size(), corner = i->left * across + j->left;
    const bool exact = i->weight == 0 && j->weight == 0;
    // Where a weight is zero the cell is a line or a point, and the corners beyond may be missing.
    const std::size_t right = i->weight > 0 ? across : 0, up = j->weight > 0 ? 1 : 0;
    const auto along_y = [&](std::size_t at) {
        return (1 - j->weight) * logs[at] + j->weight * logs[at + up];
    };
    const double log = (1 - i->weight) * along_y(corner) + i->weight * along_y(corner + right);
    if (std::isnan(log)) return std::nullopt;
    return GridTime{Seconds{exact ? times[corner] : std::exp(log)}, exact};
}

std::optional<GridTime> MeasuredGrid::at(const GridPlace& place) const {
    for (const Site& site : sites_)
        if (site.a == place.site_a && site.b == place.site_b) return site.at(place.x, place.y);
    return std::nullopt;
}

std::optional<GridPlace> grid_place(const Gemm& shape) {
    return GridPlace{shape.n, shape.k, shape.m, 1};
}

std::optional<GridPlace> grid_place(const MlaDecode& shape) {
    if (shape.kv_lora_rank != 512 || shape.qk_rope_head_dim != 64) return std::nullopt;
    return GridPlace{shape.heads, shape.s_q, shape.batch, shape.context};
}

std::optional<GridPlace> grid_place(const Op& op) {
    if (const auto* product = std::get_if<Gemm>(&op)) return grid_place(*product);
    if (const auto* attention = std::get_if<MlaDecode>(&op)) return grid_place(*attention);
    return std::nullopt;
}

double neighbour_factor(std::span<const MeasuredPoint> points) {
    std::vector<double> errors;
    for (const MeasuredPoint& left_out : points) {
        std::vector<MeasuredPoint> others;
        for (const MeasuredPoint& each : points)
            if (each.site[0] == left_out.site[0] && each.site[1] == left_out.site[1] && each != left_out)
                others.push_back(each);
        // Along one axis at a time: only the points that share the other coordinate stay.
        for (const bool along_x : {true, false}) {
            std::vector<MeasuredPoint> line = others;
            std::erase_if(line, [&](const MeasuredPoint& p) {
                return along_x ? p.y != left_out.y : p.x != left_out.x;
            });
            const auto said =
                MeasuredGrid(line).at(left_out.site[0], left_out.site[1], left_out.x, left_out.y);
            if (said) errors.push_back(std::abs(std::log(said->time / left_out.time)));
        }
    }
    if (errors.empty()) return 1;
    const auto at = errors.begin() + std::ptrdiff_t(0.8 * double(errors.size() - 1));
    std::nth_element(errors.begin(), at, errors.end());
    return std::exp(*at);
}

}  // namespace isobath
