/// Kernel records out of a buffer that CUPTI filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profiler/activity.h"

namespace isobath {

/// Steps through `valid_bytes` of a buffer as cuptiActivityGetNextRecord does; that function itself or a
/// double.
using NextRecord = int (*)(std::uint8_t* buffer, std::size_t valid_bytes, void** record);

/// The kernel records of the buffer, in its order; records of other kinds are passed over. The names are
/// copied, since CUPTI may take them back with the buffer.
std::vector<KernelActivity> kernels_in(std::uint8_t* buffer, std::size_t valid_bytes, NextRecord next);

}  // namespace isobath
