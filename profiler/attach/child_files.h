/// The recordings that the processes of one command left behind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hw/recorded_kernels.h"

namespace isobath::attach {

/// The files OUT.PID beside OUT, by number.
std::vector<std::filesystem::path> child_files(const std::string& out);

/// All of them as one, or nothing where there are none. Files that cannot be read are told in `faults`.
std::optional<RecordedKernels> merge_children(const std::string& out, std::vector<std::string>& faults);

void remove_children(const std::string& out);

}  // namespace isobath::attach
