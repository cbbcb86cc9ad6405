/// One published figure, and how Isobath predicts it.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"

namespace isobath {

struct ValidationPoint {
    std::string id, level, gpu, what, conditions, unit, source;
    double value         = 0;
    double reading_error = 0;  ///< absolute, in `unit`: rounding, or what a digitised chart can be off by
    bool used_in_fit     = false;
    std::shared_ptr<const nlohmann::json> predict;  ///< which evaluator, with which inputs
};

/// What a point sets in its scenario, {"/layout/experts/ep": 8}, as --set would.
std::vector<Override> overrides_of(const nlohmann::json& set);

/// The points of every file under tests/validation, by file and place.
std::vector<ValidationPoint> load_points(const DataFiles& data);

}  // namespace isobath
