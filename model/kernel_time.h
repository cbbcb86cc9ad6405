/// How long a kernel takes on one GPU.
#pragma once

#include <cstdint>

#include "hw/estimate.h"
#include "hw/gpu.h"
#include "model/op.h"

namespace isobath {

enum class Bound : std::uint8_t { compute, memory, latency, network };
std::string_view name_of(Bound);

struct KernelCost {
    Estimate estimate;
    Bound bound = Bound::latency;
};

/// Virtual because a scenario chooses it at run time, and because tests put a fixed answer in its place.
class KernelTime {
  public:
    virtual ~KernelTime() = default;
    /// The kernel alone on the GPU, using `sms` of its SMs (the others belong to communication).
    virtual KernelCost cost(const Op& op, int sms) const = 0;
};

/// The larger of compute time and memory time at data-sheet rates: no kernel is faster.
class RooflineTime final : public KernelTime {
  public:
    explicit RooflineTime(const GpuSpec& gpu) : gpu_(gpu) {}
    KernelCost cost(const Op& op, int sms) const override;

  private:
    GpuSpec gpu_;
};

}  // namespace isobath
