/// One way of doing some kernels' work, and what it takes to measure it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "profiler/cuda_check.h"
#include "profiler/gpu/device.h"

namespace isobath {

/// A prepared launch: operands allocated and filled, nothing running. The functions own the operands.
struct Launch {
    std::function<void(cudaStream_t)> run;

    /// Relative rms error of sampled outputs against a float64 reference, once a run is done; empty: not
    /// compared.
    std::function<double()> error;

    int repeats    = 1;     ///< how often one launch does the point's work; the row is for once
    bool cold      = true;  ///< L2 is filled with other data before each sample
    bool gated     = true;  ///< the stream is held until all is queued; false: what the host takes counts too
    bool by_events = false;  ///< activity records do not tell this time: launches, copies, several GPUs
};

/// Serves points of its kinds. A new kernel is a new file with one of these and a line in all_benches().
struct Bench {
    std::string implementation;  ///< library and version, as rows say it
    std::vector<KernelKind> kinds;

    /// Why a point cannot be measured on this device; empty: it can.
    std::function<std::string(const KernelPoint&)> why_not;

    /// Throws CudaError, or std::runtime_error with a reason to skip the point.
    std::function<Launch(const KernelPoint&)> prepare;
};

/// A reason to skip a point that only shows when it is prepared.
struct NotMeasurable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

bool serves(const Bench& bench, const KernelPoint& point);

/// All benches of this program for the device, libraries opened; their versions are noted in `device`.
std::vector<Bench> all_benches(Device& device);

}  // namespace isobath
