/// The twelve counted loads of DeepSeek-V3, where they are at hand.
#pragma once

#include <map>
#include <string>

#include "model/balance/load_file.h"
#include "tests/shared_data.h"

namespace isobath::test {

/// By name; empty, with a warning, if they are not here.
inline std::map<std::string, ExpertLoad> counted_loads() {
    std::map<std::string, ExpertLoad> out;
    const auto folder = shared_data("traces/expert_load_sglang");
    if (folder.empty()) return out;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        out[entry.path().stem().string()] = load_expert_load(entry.path());
    return out;
}

}  // namespace isobath::test
