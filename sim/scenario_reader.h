/// From a scenario file to a checked, resolved Scenario; nothing reads JSON after this.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"
#include "sim/scenario.h"

namespace isobath {

/// Reads a scenario's text. `shown` names it in messages; files it names are looked up beside `shown`.
///
/// Throws SpecError "shown: /json/path: what is wrong; what is allowed" on anything it does not know,
/// or "--set path=value: ..." where an override is at fault.
Scenario read_scenario(std::string_view text, const std::string& shown, const DataFiles& data,
                       const std::vector<Override>& overrides = {});

/// The same without the question whether the layout can exist (check_layout()): for callers that change it
/// before they ask.
Scenario read_unchecked_scenario(std::string_view text, const std::string& shown, const DataFiles& data,
                                 const std::vector<Override>& overrides = {});

/// Reads the file `path`, or the built-in scenario of that name or path.
Scenario load_scenario(const std::string& path, const DataFiles& data,
                       const std::vector<Override>& overrides = {});

/// The scenario with every default filled in, as JSON that reads back to the same scenario.
nlohmann::json to_json(const Scenario& scenario);

}  // namespace isobath
