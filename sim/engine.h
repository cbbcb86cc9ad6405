/// What a serving engine adds to the kernels: launch gaps, unfused kernels, memory of its own.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/figure.h"
#include "model/memory.h"

namespace isobath {

struct Engine {
    std::string name, title;
    Figure<Seconds> launch_gap;          ///< after every kernel, under CUDA graphs
    Figure<double> extra_small_kernels;  ///< in each attention half, where the engine fuses less
    Figure<Bytes> cuda_context, cuda_graphs, nccl_buffers;
    MemoryRule memory_rule = MemoryRule::everything;  ///< what memory_fraction is a fraction of
    Figure<double> memory_fraction;
    Figure<Seconds> host_step_overhead;  ///< between two steps
};

Engine read_engine(const nlohmann::json& json, const std::string& name, const std::string& file);

/// The newest preset of `family` ("sglang" -> "sglang-0.5"); `family` itself if it names one.
std::string newest_engine(const DataFiles& data, const std::string& family);

}  // namespace isobath
