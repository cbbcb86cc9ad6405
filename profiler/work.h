/// What a point must at least do and hold: to know whether it fits in memory, and whether a time can be true.
#pragma once

#include "hw/kernel_point.h"
#include "hw/units.h"

namespace isobath {

struct KernelWork {
    Flops flop;
    Bytes operands;  ///< what must be allocated, inputs and outputs; scales of block formats included
    Bytes traffic;   ///< least that must move to and from device memory with a cold L2
};

KernelWork work_of(const KernelPoint& point);

/// What is impossible about a time, as text ("moves 9.1 TB/s, the memory's peak is 3.35 TB/s"); empty:
/// nothing. The peak allows for ten percent of what a device reports to be rounded; a peak of 0 is unknown.
std::string impossible(const KernelPoint& point, Seconds time, BytesPerSecond memory_peak);

}  // namespace isobath
