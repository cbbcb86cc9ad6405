/// The rows of a user's own copy of the silicon tables that a GPU's calibration may rest on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hw/data.h"
#include "model/calibrate/lint.h"
#include "model/calibrate/silicon.h"

namespace isobath {

/// One GPU's tables, checked: rows that break a rule are out of `tables` and listed in `findings`.
struct SiliconImport {
    std::vector<SiliconTable> tables;
    std::vector<LintFinding> findings;

    std::size_t files = 0, rows = 0;          ///< as read
    std::size_t left_out = 0, held_back = 0;  ///< rows broken by rule; sound rows that no fit may see
};

/// Reads a folder, lints the tables of all GPUs in it against each other, and keeps those of `gpu`.
///
/// Throws SpecError on a malformed file, or if the folder holds no table of this GPU.
SiliconImport import_silicon(const DataFiles& data, const std::filesystem::path& folder_or_file,
                             const std::string& gpu);

}  // namespace isobath
