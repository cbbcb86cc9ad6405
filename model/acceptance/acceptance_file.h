/// Acceptance curves as JSON presets, with where and how they were measured.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/acceptance/survival.h"

namespace isobath {

/// One preset of scenarios/acceptance.
struct AcceptanceFile {
    Acceptance curve;
    std::string title, method, model, conditions;
    std::vector<double> lengths;  ///< tokens per step as measured at depths 1, 2, ...; empty where rates were
    std::vector<std::vector<double>>
        ranks;  ///< per depth, accuracy of the first 1, 2, ... candidates (Medusa)
};

/// Reads a preset; the interval is the curve itself where the file gives none.
/// Throws SpecError where a list is no curve: chances between 0 and 1 that never rise with depth.
AcceptanceFile read_acceptance(const nlohmann::json& json, const std::string& file);

nlohmann::json to_json(const AcceptanceFile& preset);

}  // namespace isobath
