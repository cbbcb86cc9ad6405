#include "sim/cli/program.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace isobath::cli {
namespace {

namespace fs = std::filesystem;

bool runs(const fs::path& path) {
    return access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path);
}

std::vector<fs::path> places() {
    std::error_code ignored;
    std::vector<fs::path> out{fs::read_symlink("/proc/self/exe", ignored).parent_path()};
    if (const char* path = std::getenv("PATH")) {
        std::istringstream words(path);
        for (std::string word; std::getline(words, word, ':');) out.emplace_back(word);
    }
    return out;
}

}  // namespace

std::string find_program(const std::string& name) {
    for (const fs::path& place : places())
        if (!place.empty() && runs(place / name)) return (place / name).string();
    return "";
}

void become_program(const std::string& path, const std::vector<std::string>& words) {
    std::vector<char*> arguments{const_cast<char*>(path.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(path.c_str(), arguments.data());
    throw std::runtime_error(path + ": " + std::strerror(errno));
}

}  // namespace isobath::cli
