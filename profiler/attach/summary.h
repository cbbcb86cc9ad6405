/// What a recording holds, for people.
#pragma once

#include <string>

#include "hw/recorded_kernels.h"

namespace isobath::attach {

/// Totals, what recording cost, and the kernels that took most of the time.
std::string summary(const RecordedKernels& recorded, std::size_t kernels = 8);

}  // namespace isobath::attach
