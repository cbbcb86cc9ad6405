/// The JSON files that ship with Isobath: presets, calibrations, schema, validation points.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isobath {

namespace embedded {
struct File {
    const char* path;  ///< from the root of the repository, "scenarios/gpus/h800.json"
    const char* text;
};
extern const File kFiles[];
extern const int kFileCount;
}  // namespace embedded

/// Where data files are found: compiled in, with a folder of the user's looked at first.
class DataFiles {
  public:
    DataFiles() = default;
    explicit DataFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// The same files, but for `path`, which reads `text`: a what-if, and how a fit tries its constants.
    void replace(const std::string& path, std::string text) { replaced_[path] = std::move(text); }

    /// The text of `path` ("scenarios/gpus/h800.json"), or nothing if neither place has it.
    std::optional<std::string> find(const std::string& path) const;
    /// Names without ".json" of the files right under `folder` ("scenarios/gpus"), sorted.
    std::vector<std::string> names(const std::string& folder) const;
    /// What a message should call `path`: the user's file if it overrides, else the built-in name.
    std::string shown(const std::string& path) const;

  private:
    std::map<std::string, std::string> replaced_;
    std::filesystem::path folder_;  ///< empty: compiled-in data only
};

}  // namespace isobath
