/// Measured times on a grid of shapes, kept in a calibration beside what was fitted to them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/spec_reader.h"
#include "hw/units.h"

namespace isobath {

/// One measured shape. `site` must be met exactly (n and k of a product, the heads of attention); between
/// values of x and y (rows; batch and cached tokens) there may be others, and times are interpolated.
struct MeasuredPoint {
    int site[2] = {0, 0};
    double x = 0, y = 0;
    Seconds time;
    bool operator==(const MeasuredPoint&) const = default;
};

struct MeasuredPoints {
    /// 80 % interval of an interpolated time, as a factor: from points that their neighbours were asked for,
    /// at twice the distance, so it is rather too wide.
    double factor = 1;
    std::vector<MeasuredPoint> points;
    bool operator==(const MeasuredPoints&) const = default;
};

/// Reads {"factor", "points": [[site, site, x, y, microseconds], ...]}; finishes the reader.
MeasuredPoints read_points(SpecReader in);
nlohmann::ordered_json to_json(const MeasuredPoints& points);

}  // namespace isobath
