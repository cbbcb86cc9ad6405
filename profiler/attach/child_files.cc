#include "profiler/attach/child_files.h"

#include <algorithm>

namespace isobath::attach {
namespace {

namespace fs = std::filesystem;

/// The number after "OUT."; 0 where there is none.
long number_of(const std::string& name, const std::string& prefix) {
    if (!name.starts_with(prefix) || name.size() == prefix.size() || name.size() > prefix.size() + 9)
        return 0;
    const std::string digits = name.substr(prefix.size());
    const bool all = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    return all ? std::stol(digits) : 0;
}

}  // namespace

std::vector<fs::path> child_files(const std::string& out) {
    const fs::path whole     = fs::absolute(out);
    const std::string prefix = whole.filename().string() + ".";
    std::vector<std::pair<long, fs::path>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(whole.parent_path(), error))
        if (const long number = number_of(entry.path().filename().string(), prefix))
            found.emplace_back(number, entry.path());
    std::sort(found.begin(), found.end());
    std::vector<fs::path> paths;
    for (auto& [number, path] : found) paths.push_back(std::move(path));
    return paths;
}

std::optional<RecordedKernels> merge_children(const std::string& out, std::vector<std::string>& faults) {
    std::optional<RecordedKernels> all;
    for (const fs::path& path : child_files(out)) try {
            RecordedKernels one = read_recorded_kernels(path);
            if (all)
                merge(*all, one);
            else
                all = std::move(one);
        } catch (const SpecError& e) {
            faults.emplace_back(e.what());
        }
    return all;
}

void remove_children(const std::string& out) {
    std::error_code ignored;
    for (const fs::path& path : child_files(out)) fs::remove(path, ignored);
}

}  // namespace isobath::attach
