/// Whether a value is one that its field takes, asked before a sweep begins.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/data.h"

namespace isobath::sweep {

/// Throws SpecError naming `file` and `at` where the field at `path` never takes `value`: its type, its
/// bounds, its choices, or a preset that does not exist. Objects, files and parts of presets are judged
/// when a point is read.
void check_value(const std::string& path, const nlohmann::json& value, const DataFiles& data,
                 const std::string& file, const std::string& at);

}  // namespace isobath::sweep
