/// All points predicted, and how far off they are: what was fitted and what judges kept apart.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/validate/predict.h"

namespace isobath {

struct PointResult {
    ValidationPoint point;
    Predicted predicted;
    double error = 0;  ///< predicted / published - 1
};

struct LevelSummary {
    int n                   = 0;
    double median_abs_error = 0, p90_abs_error = 0;
    int covered = 0, with_interval = 0;  ///< published values inside the predicted 80 % interval
};

struct ValidationReport {
    std::vector<PointResult> results;
    std::vector<ValidationPoint> waiting;            ///< for a command that predicts them
    std::map<std::string, LevelSummary> judge, fit;  ///< by level
};

/// Predicts every point whose id starts with one of `prefixes` (all if none is given).
ValidationReport validate(const DataFiles& data, const std::vector<std::string>& prefixes);

nlohmann::json to_json(const ValidationReport& report);
/// The summary; with `all`, every point too, else only those that judge above kernel level and the worst.
std::string to_text(const ValidationReport& report, bool all, bool colour);

}  // namespace isobath
