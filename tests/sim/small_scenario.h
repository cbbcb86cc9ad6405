/// A small scenario, and what the reader says of it once changed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hw/spec_reader.h"
#include "sim/scenario_reader.h"

namespace isobath::small_scenario {

using nlohmann::json;

/// Two H800 nodes that decode DeepSeek-V3: small, whole, and right.
inline json small() {
    return json::parse(R"({
        "model": "deepseek-v3", "cluster": {"extends": "h800-8xcx7", "nodes": 2}, "phase": "decode",
        "layout": {"attention": {"dp": 16}, "experts": {"ep": 16}, "comm": "deepep-low-latency"},
        "precision": "deepseek-fp8", "workload": {"batch_per_gpu": 8, "context": 1000}})");
}

inline Scenario read(const std::string& text, const std::vector<std::string>& set = {}) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return read_scenario(text, "s.json", DataFiles(), overrides);
}

/// What the reader says of `text`; empty if it takes it.
inline std::string said(const std::string& text, const std::vector<std::string>& set = {}) {
    try {
        read(text, set);
        return "";
    } catch (const SpecError& e) {
        return e.what();
    }
}

inline std::string said_of(const char* pointer, const json& value) {
    json scenario                         = small();
    scenario[json::json_pointer(pointer)] = value;
    return said(scenario.dump());
}

inline std::string said_of_set(const std::string& set) {
    return said(small().dump(), {set});
}

inline std::string said_of_file(const std::string& path) {
    try {
        load_scenario(path, DataFiles());
        return "";
    } catch (const SpecError& e) {
        return e.what();
    }
}

}  // namespace isobath::small_scenario
