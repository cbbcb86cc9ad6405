#include "sim/engine.h"

#include <nlohmann/json.hpp>

namespace isobath {
namespace {

constexpr std::string_view kMemoryRules[] = {"everything", "weights-and-cache", "of-free"};

}  // namespace

Engine read_engine(const nlohmann::json& json, const std::string& name, const std::string& file) {
    SpecReader in(json, file);
    in.ignore("source");
    Engine e{name,
             in.text("title"),
             read_quantity_figure<Seconds>(in, "launch_gap"),
             read_figure(in, "extra_small_kernels"),
             read_quantity_figure<Bytes>(in, "cuda_context"),
             read_quantity_figure<Bytes>(in, "cuda_graphs"),
             read_quantity_figure<Bytes>(in, "nccl_buffers"),
             static_cast<MemoryRule>(in.choice("memory_rule", kMemoryRules)),
             read_figure(in, "memory_fraction"),
             read_quantity_figure<Seconds>(in, "host_step_overhead")};
    in.finish();
    return e;
}

std::string newest_engine(const DataFiles& data, const std::string& family) {
    std::string newest = family;  // names sort by version while versions stay below 10
    for (const std::string& name : data.names("scenarios/engines"))
        if (name.starts_with(family + "-")) newest = name;
    return newest;
}

}  // namespace isobath
