/// The evaluators behind predict(): each answers in SI.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "hw/calibration.h"
#include "hw/data.h"
#include "sim/validate/predict.h"

namespace isobath {

/// {"count": name, "model": ..., ...}: exact counts and closed forms.
double evaluate_count(const nlohmann::json& predict, const DataFiles& data);

/// {"kernel": {"op": ...}, "implementation": ..., "as": "time"|"tflops"|"gbps"}: the fitted form alone; with
/// "calibration", the kernel as that calibration's benchmark ran it (model/calibrate/judge.h).
Predicted evaluate_kernel(const nlohmann::json& predict, const std::string& gpu,
                          const Calibration& calibration, const DataFiles& data);

/// {"exchange": {"library", "mode", "kind", "ranks", "tokens", "gpu"}, "as": "time"|"logical_gbps"}.
Predicted evaluate_exchange(const nlohmann::json& predict, const DataFiles& data);

/// SI units in one `unit` of a validation point: "us" is 1e-6. Throws std::invalid_argument on an unknown
/// one.
double si_per(const std::string& unit);

}  // namespace isobath
