/// `--set path=value`: one field of a scenario replaced before it is read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace isobath {

struct Override {
    std::string path;   ///< JSON pointer: "/layout/experts/ep"
    std::string value;  ///< as typed
    std::string shown;  ///< "--set layout.experts.ep=7"
};

/// Reads "layout.experts.ep=7" (or a JSON pointer left of the sign). Throws SpecError without "=".
Override parse_override(const std::string& text);

/// Puts each value in its place: JSON if it parses, else text. A preset's name on the way becomes an object
/// that extends it, so `model.n_routed_experts=128` works on "model": "deepseek-v3".
void apply_overrides(const std::vector<Override>& overrides, nlohmann::json& scenario);

}  // namespace isobath
