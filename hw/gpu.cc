#include "hw/gpu.h"

#include <nlohmann/json.hpp>

namespace isobath {
namespace {

/// A figure of a preset is {"value": ..., "source": "..."}, so that none stands without its origin.
template <class Read>
auto figure(SpecReader& in, const std::string& key, GpuSpec& gpu, Read read) {
    SpecReader entry = in.object(key);
    auto value       = read(entry);
    gpu.sources[key] = entry.text("source");
    entry.finish();
    return value;
}

template <class Q>
Q quantity(SpecReader& in, const std::string& key, GpuSpec& gpu) {
    return figure(in, key, gpu, [](SpecReader& entry) { return entry.quantity<Q>("value"); });
}

double plain(SpecReader& in, const std::string& key, GpuSpec& gpu) {
    return figure(in, key, gpu, [](SpecReader& entry) { return entry.number("value"); });
}

void read_peaks(SpecReader in, GpuSpec& gpu) {
    for (int i = 0; i < kMathCount; ++i) {
        const std::string name(name_of(static_cast<Math>(i)));
        if (in.has(name)) gpu.peaks[static_cast<std::size_t>(i)] = quantity<FlopsPerSecond>(in, name, gpu);
    }
    in.finish();
}

}  // namespace

GpuSpec read_gpu(const nlohmann::json& json, const std::string& name, const std::string& file) {
    SpecReader in(json, file);
    GpuSpec gpu;
    gpu.name         = name;
    gpu.title        = in.text("title");
    gpu.architecture = in.text("architecture");
    read_peaks(in.object("peaks"), gpu);
    gpu.hbm_bandwidth = quantity<BytesPerSecond>(in, "hbm_bandwidth", gpu);
    gpu.memory        = quantity<Bytes>(in, "memory", gpu);
    gpu.l2            = quantity<Bytes>(in, "l2", gpu);
    gpu.sm_count =
        figure(in, "sm_count", gpu, [](SpecReader& entry) { return entry.integer("value", 1, 4096); });
    gpu.nvlink           = quantity<BytesPerSecond>(in, "nvlink", gpu);
    gpu.watts            = plain(in, "watts", gpu);
    gpu.usd_per_gpu_hour = plain(in, "usd_per_gpu_hour", gpu);
    in.finish();
    if (!(gpu.hbm_bandwidth > BytesPerSecond{}))
        fail_at(file, "/hbm_bandwidth/value", "expected more than 0");
    if (!(gpu.nvlink > BytesPerSecond{})) fail_at(file, "/nvlink/value", "expected more than 0");
    if (!gpu.supports(Math::bf16)) fail_at(file, "/peaks/bf16", "missing; every GPU needs its BF16 peak");
    return gpu;
}

GpuSpec load_gpu(const DataFiles& data, const std::string& name) {
    const nlohmann::json json = load_preset(data, "scenarios/gpus", name, "gpu", "/");
    return read_gpu(json, name, data.shown("scenarios/gpus/" + name + ".json"));
}

}  // namespace isobath
