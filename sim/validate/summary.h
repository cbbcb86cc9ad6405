/// Errors of many points in a few numbers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/validate/predict.h"

namespace isobath {

struct PointResult {
    ValidationPoint point;
    Predicted predicted;
    double error = 0;  ///< predicted / published - 1
};

struct Summary {
    int n                   = 0;
    double median_abs_error = 0, p90_abs_error = 0;
    int covered = 0, with_interval = 0;  ///< published values inside the predicted 80 % interval
};

/// Of one level, GPU or source: what judges, and what a constant was fitted to.
struct Group {
    std::string name;
    Summary judged, in_sample;
};

Summary summary_of(const std::vector<PointResult>& results);

/// One Group per value of `name_of`, by name; but names in `order` come first, in that order.
std::vector<Group> groups_by(const std::vector<PointResult>& results,
                             const std::function<std::string(const ValidationPoint&)>& name_of,
                             const std::vector<std::string>& order = {});

/// Who published it: the first word of the id.
std::string publisher_of(const ValidationPoint& point);

/// The `most` judged results furthest off, the worst first.
std::vector<PointResult> worst_of(const std::vector<PointResult>& results, std::size_t most = 10);

}  // namespace isobath
