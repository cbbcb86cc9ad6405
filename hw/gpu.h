/// One GPU, as its data sheet and our measurements describe it.
#pragma once

#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hw/dtype.h"
#include "hw/spec_reader.h"
#include "hw/units.h"

namespace isobath {

struct GpuSpec {
    std::string name;                                ///< "h800"
    std::string title;                               ///< "NVIDIA H800 SXM"
    std::string architecture;                        ///< "hopper", "blackwell", "ampere"
    std::array<FlopsPerSecond, kMathCount> peaks{};  ///< dense; zero where the GPU lacks the format
    BytesPerSecond hbm_bandwidth;                    ///< data sheet, not achieved
    Bytes memory;                                    ///< as the driver reports it
    Bytes l2;
    int sm_count = 0;
    BytesPerSecond nvlink;  ///< per GPU, one direction
    double watts            = 0;
    double usd_per_gpu_hour = 0;
    std::map<std::string, std::string> sources;  ///< by key of the preset file; "unverified" is a source

    bool supports(Math math) const { return peaks[static_cast<std::size_t>(math)] > FlopsPerSecond{}; }
    /// The dense peak; zero if the GPU lacks the format.
    FlopsPerSecond peak(Math math) const { return peaks[static_cast<std::size_t>(math)]; }
};

/// Reads a GPU preset. Throws SpecError on a missing, malformed or unknown key.
GpuSpec read_gpu(const nlohmann::json& json, const std::string& name, const std::string& file);

GpuSpec load_gpu(const DataFiles& data, const std::string& name);

}  // namespace isobath
