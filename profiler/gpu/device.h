/// The GPU at hand.
#pragma once

#include <string>

#include "hw/measurements.h"
#include "profiler/peers.h"

namespace isobath {

struct Device {
    MeasuredDevice described;    ///< name, preset, versions, clocks, sizes; libraries are filled in by suites
    int index = 0;               ///< as CUDA counts
    int major = 0, minor = 0;    ///< compute capability
    BytesPerSecond memory_peak;  ///< by clock and width of the bus; 0: the driver does not tell
};

/// How many GPUs can be used.
int gpu_count();
/// Why there are none, in words for the user; empty if there is one.
std::string no_gpu_reason();

/// Makes the GPU current and describes it. Throws CudaError.
Device open_device(int index);

/// Which of the GPUs here can reach which.
PeerMatrix peer_matrix();

}  // namespace isobath
