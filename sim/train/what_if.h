/// What the same run would cost otherwise, and why.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/train/train.h"

namespace isobath {

struct WhatIf {
    std::string name;    ///< "bf16"
    std::string change;  ///< what is different, in words
    TrainResult result;  ///< without intervals
    std::string reason;  ///< with the figures that it rests on
};

/// Names that what_if() knows, each with its change: "bf16", "no-overlap", "node-limit:M", ...
std::vector<std::pair<std::string, std::string>> what_if_names();

/// Throws SpecError that lists the known names.
WhatIf what_if(const TrainResult& base, const std::string& name, const DataFiles& data);

nlohmann::json to_json(const WhatIf& what, const TrainResult& base);
std::string to_text(const WhatIf& what, const TrainResult& base);

}  // namespace isobath
