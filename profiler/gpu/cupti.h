/// CUPTI, opened when needed: activity records as the clock of kernels.
#pragma once

#include <string>
#include <vector>

#include "profiler/activity.h"
#include "profiler/library.h"

namespace isobath {

/// The shared library, opened once for the whole program; empty where it is missing.
const Library& cupti_library();

/// Collects the records of all kernels that run while it lives. One at a time: CUPTI's callbacks know no
/// owner.
class KernelTrace {
  public:
    KernelTrace();
    ~KernelTrace();
    KernelTrace(const KernelTrace&)            = delete;
    KernelTrace& operator=(const KernelTrace&) = delete;

    /// Why nothing is collected; empty: all is well.
    const std::string& why_not() const { return why_not_; }

    /// Records of kernels that have ended since the last call. The GPU must be idle.
    std::vector<KernelActivity> collected();

    /// The version, "130001" for CUDA 13.0; empty where the library is missing.
    static std::string version();

  private:
    std::string why_not_;
};

}  // namespace isobath
