#include "sim/calibration_figure.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isobath {
namespace {

constexpr double kBand = 0.15;

/// From a little below the shortest time to a little above the longest, in seconds.
plot::Point ends_of(const std::vector<ScoredPoint>& sample) {
    plot::Point ends{1e300, 0};
    for (const ScoredPoint& point : sample) {
        ends.x = std::min({ends.x, point.measured_us, point.fitted_us});
        ends.y = std::max({ends.y, point.measured_us, point.fitted_us});
    }
    return {ends.x * 1e-6 / 1.3, ends.y * 1e-6 * 1.3};
}

plot::Band band(const plot::Point& ends) {
    plot::Band out{"within 15 %", {}};
    constexpr int kSteps = 32;
    for (int i = 0; i <= kSteps; ++i) {
        const double at = ends.x * std::pow(ends.y / ends.x, double(i) / kSteps);
        out.spans.push_back({at, at * (1 - kBand), at * (1 + kBand)});
    }
    return out;
}

plot::Scatter dots(const std::vector<ScoredPoint>& sample) {
    plot::Scatter out{"held-back row", {}, {}};
    for (const ScoredPoint& point : sample) {
        out.points.push_back({point.measured_us * 1e-6, point.fitted_us * 1e-6});
        out.tooltips.push_back(fmt::format("measured {:.4g} us, fitted {:.4g} us ({:+.1f} %)",
                                           point.measured_us, point.fitted_us,
                                           100 * (point.fitted_us / point.measured_us - 1)));
    }
    return out;
}

}  // namespace

plot::Figure unseen_figure(const std::string& title, const UnseenScores& scores) {
    const plot::Point ends = ends_of(scores.sample);
    plot::Axis x{"measured", "s", plot::Scale::log, ends.x, ends.y}, y = x;
    y.label         = "fitted";
    const Scores& s = scores.held_back;
    return {title,
            fmt::format("{} rows held back: median error {:.1f} %, nine of ten within {:.1f} %", s.rows,
                        100 * s.median, 100 * s.p90),
            x,
            y,
            {band(ends), plot::Line{"equal", {{ends.x, ends.x}, {ends.y, ends.y}}}, dots(scores.sample)}};
}

std::vector<plot::Figure> unseen_figures(const Calibration& calibration) {
    std::vector<plot::Figure> out;
    each_family(calibration, [&](const char* key, const auto& family) {
        for (const auto& each : family.implementations)
            if (each.unseen && !each.unseen->sample.empty())
                out.push_back(unseen_figure(fmt::format("{}, {}", key, each.name), *each.unseen));
    });
    return out;
}

}  // namespace isobath
