/// What ran on the GPU, as activity records tell it, and which sample it belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/units.h"

namespace isobath {

struct KernelActivity {
    std::string name;  ///< as the linker knows it
    std::uint64_t start_ns = 0, end_ns = 0;
    std::uint32_t correlation = 0;  ///< shared by a call and the kernels it started
    std::uint64_t graph_node  = 0;  ///< 0: not from a graph
    std::array<int, 3> grid{}, block{};
    std::uint32_t stream                         = 0;
    bool operator==(const KernelActivity&) const = default;
};

/// Kernels of ours around each sample, by a part of their names.
struct Fence {
    std::string opens, closes;
    std::string beside;  ///< one that runs beside samples and belongs to none; empty: there is none
};

/// All kernels of one sample.
struct SampleActivity {
    Seconds span;                      ///< from the first start to the last end
    Seconds busy;                      ///< sum over kernels; more than span where they ran beside each other
    std::vector<std::string> kernels;  ///< in order of their starts
};

/// One for each pair of fences that both have records, in order of time; records may come in any order. A
/// sample without a kernel, or with a record whose end was lost, has no kernels and a span of 0.
std::vector<SampleActivity> by_sample(std::vector<KernelActivity> records, const Fence& fence);

}  // namespace isobath
