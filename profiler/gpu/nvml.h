/// What the driver's management library tells of a GPU: clocks, power, versions. Nothing here changes a
/// setting.
#pragma once

#include <string>

#include "profiler/library.h"

namespace isobath {

/// Opened when first asked; where the library is missing every answer is 0 or empty.
class Nvml {
  public:
    /// `pci` as CUDA writes it: "0000:1b:00.0".
    explicit Nvml(const std::string& pci);

    int highest_sm_clock_mhz() const;
    int highest_memory_clock_mhz() const;
    double power_limit_watts() const;
    double power_watts() const;
    std::string driver() const;

  private:
    Library library_;
    void* device_ = nullptr;

    int highest_clock(int domain) const;
    double milli(const char* function) const;
};

}  // namespace isobath
