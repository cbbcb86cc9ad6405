/// From the names in a scenario to the presets they stand for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"
#include "sim/scenario.h"

namespace isobath {

/// Where a field came from: the file, or the `--set` that replaced it. Every message goes through here.
class Origin {
  public:
    Origin(std::string file, std::vector<Override> overrides)
        : file_(std::move(file)), overrides_(std::move(overrides)) {}

    bool is_override(const std::string& path) const { return find(path) != nullptr; }
    /// Whether an override names exactly this field, so that a message need not repeat its path.
    bool overridden(const std::string& path) const {
        const Override* o = find(path);
        return o && o->path == path;
    }
    /// The file, or "--set path=value".
    std::string of(const std::string& path) const;
    [[noreturn]] void fail(const std::string& path, const std::string& what) const;
    const std::string& file() const { return file_; }

  private:
    const Override* find(const std::string& path) const;

    std::string file_;
    std::vector<Override> overrides_;
};

/// Puts the preset behind "cluster": "name" or {"extends": "name", ...} into the scenario's JSON.
void expand_cluster(nlohmann::json& scenario, const DataFiles& data, const Origin& origin);

/// Fills model, GPU, NIC, precision, calibration, engine and acceptance from their texts.
void resolve(Scenario& scenario, const DataFiles& data, const Origin& origin);

}  // namespace isobath
