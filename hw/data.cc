#include "hw/data.h"

#include <fstream>
#include <iterator>
#include <set>

namespace isobath {

std::optional<std::string> DataFiles::find(const std::string& path) const {
    if (const auto other = replaced_.find(path); other != replaced_.end()) return other->second;
    if (!folder_.empty()) {
        std::error_code none;
        std::ifstream file(folder_ / path, std::ios::binary);
        if (file && !std::filesystem::is_directory(folder_ / path, none))
            return std::string(std::istreambuf_iterator<char>(file), {});
    }
    for (int i = 0; i < embedded::kFileCount; ++i)
        if (path == embedded::kFiles[i].path) return embedded::kFiles[i].text;
    return std::nullopt;
}

std::vector<std::string> DataFiles::names(const std::string& folder) const {
    std::set<std::string> found;
    const auto take = [&](const std::filesystem::path& path) {
        if (path.extension() == ".json" && path.parent_path() == folder) found.insert(path.stem().string());
    };
    for (int i = 0; i < embedded::kFileCount; ++i) take(embedded::kFiles[i].path);
    std::error_code none;
    if (!folder_.empty())
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / folder, none))
            take(std::filesystem::path(folder) / entry.path().filename());
    return {found.begin(), found.end()};
}

std::string DataFiles::shown(const std::string& path) const {
    return !folder_.empty() && std::filesystem::exists(folder_ / path) ? (folder_ / path).string() : path;
}

}  // namespace isobath
