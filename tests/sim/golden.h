/// Text held against an approved file.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/catch.h"

namespace isobath::golden {

inline std::string read(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
}

/// On a mismatch leaves NAME.new.txt beside tests/golden/NAME.txt, to be looked at and moved over it. Each
/// name is one test's own: tests run side by side.
inline void check(const std::string& name, const std::string& text, const std::string& ending = ".txt") {
    const auto folder   = std::filesystem::path(ISOBATH_ROOT) / "tests" / "golden";
    const auto expected = folder / (name + ending), actual = folder / (name + ".new" + ending);
    std::filesystem::remove(actual);
    if (std::filesystem::exists(expected) && read(expected) == text) return;
    std::ofstream(actual, std::ios::binary) << text;
    FAIL_CHECK(expected << " differs from what is printed now; compare it with " << actual);
}

}  // namespace isobath::golden
