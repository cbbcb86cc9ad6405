/// Measured data that lies outside the repository: counted loads, placements of the original EPLB.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/catch.h"

namespace isobath::test {

/// A folder of measured data under ISOBATH_DATA, or beside the repository; empty, with a warning, if neither.
inline std::filesystem::path shared_data(const std::string& folder) {
    const char* named = std::getenv("ISOBATH_DATA");
    const std::filesystem::path root(ISOBATH_ROOT);
    for (const std::filesystem::path& base :
         {std::filesystem::path(named ? named : ""), root / "../shared/data", root / "../../shared/data"})
        if (!base.empty() && std::filesystem::is_directory(base / folder)) return base / folder;
    WARN("skipped: no folder " << folder << " in ISOBATH_DATA or ../shared/data");
    return {};
}

}  // namespace isobath::test
