/// CUPTI's activity records, read into our own words.
#pragma once

#if __has_include(<cupti.h>)
#define ISOBATH_HAS_CUPTI 1

#include <cupti.h>

#include "hw/measurements.h"
#include "profiler/attach/kernel_record.h"

namespace isobath::attach {

/// The launch's grid, block, stream, times and correlation. A record of CUDA 12 begins as one of 13 does.
KernelRecord kernel_of(const CUpti_Activity& record);

/// Name, SMs, clocks and memory of the GPU.
MeasuredDevice device_of(const CUpti_Activity& record);

}  // namespace isobath::attach

#endif
