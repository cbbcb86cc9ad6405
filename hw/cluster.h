/// GPUs in nodes, nodes on a network.
#pragma once

#include <cstdint>
#include <string>

#include "hw/gpu.h"
#include "hw/index.h"

namespace isobath {

/// A network card, per GPU.
struct NicSpec {
    std::string name;          ///< "cx7-400g"; "none" for a single NVLink domain
    BytesPerSecond bandwidth;  ///< nominal, one direction
    Seconds latency;           ///< wire latency of a small message, one hop
    std::string source;
};

enum class Topology : std::uint8_t {
    rail,        ///< rail-optimised fat tree: a NIC reaches the same rail of every node through one leaf
    nvlink,      ///< one NVLink domain holds every GPU (NVL72)
    single_node  ///< no network
};

struct ClusterSpec {
    GpuSpec gpu;
    int nodes         = 1;
    int gpus_per_node = 8;
    int nvlink_domain = 8;  ///< GPUs that reach each other over NVLink; gpus_per_node unless NVL72
    NicSpec nic;
    Topology topology = Topology::rail;

    int gpus() const { return nodes * gpus_per_node; }
};

NicSpec read_nic(const nlohmann::json& json, const std::string& name, const std::string& file);
NicSpec load_nic(const DataFiles& data, const std::string& name);

}  // namespace isobath
