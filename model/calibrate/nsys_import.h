/// Recordings out of Nsight Systems' SQLite exports (nsys export --type sqlite).
#pragma once

#include <filesystem>

#include "hw/recorded_kernels.h"

namespace isobath {

/// The table CUPTI_ACTIVITY_KIND_KERNEL with its names; where the export has CUPTI_ACTIVITY_KIND_RUNTIME and
/// NVTX_EVENTS too, kernels launched inside a range of the same thread whose text names a shape belong to the
/// innermost such range. The GPU's name comes from TARGET_INFO_GPU.
///
/// Throws SpecError if the file is no such database.
RecordedKernels read_nsys(const std::filesystem::path& file);

}  // namespace isobath
