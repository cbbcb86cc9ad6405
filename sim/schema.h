/// JSON Schema of scenario files, made from the table of fields.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace isobath {

nlohmann::json scenario_schema();

}  // namespace isobath
