#include <nlohmann/json.hpp>

#include "hw/cluster.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

TEST_CASE("presets: every GPU that ships loads, and each of its figures names a source", "[hw][presets]") {
    const DataFiles data;
    const std::vector<std::string> names = data.names("scenarios/gpus");
    CHECK(names ==
          std::vector<std::string>{"a100", "b200", "b300", "gb200", "gb300", "h100", "h20", "h200", "h800"});
    for (const std::string& name : names) {
        INFO(name);
        const GpuSpec gpu = load_gpu(data, name);
        CHECK(gpu.sources.size() >= 7 + 5);  // seven figures, and peaks from INT8 to FP32 at least
        for (const auto& [key, source] : gpu.sources) CHECK_FALSE(source.empty());
    }
}

TEST_CASE("presets: a narrower format is never slower, except INT8 on Blackwell Ultra", "[hw][presets]") {
    const DataFiles data;
    for (const std::string& name : data.names("scenarios/gpus")) {
        INFO(name);
        const GpuSpec gpu = load_gpu(data, name);
        CHECK(gpu.peak(Math::bf16) == gpu.peak(Math::fp16));
        CHECK(gpu.peak(Math::bf16) >= gpu.peak(Math::tf32));
        CHECK(gpu.peak(Math::tf32) >= gpu.peak(Math::fp32));
        if (gpu.supports(Math::fp8)) CHECK(gpu.peak(Math::fp8) >= gpu.peak(Math::bf16));
        if (gpu.supports(Math::fp4)) CHECK(gpu.peak(Math::fp4) >= gpu.peak(Math::fp8));
        CHECK((gpu.peak(Math::int8) < gpu.peak(Math::bf16)) == (name == "b300" || name == "gb300"));
    }
}

TEST_CASE("presets: only Blackwell multiplies in FP4, and Ampere lacks FP8 too", "[hw][presets]") {
    const DataFiles data;
    for (const std::string& name : data.names("scenarios/gpus")) {
        INFO(name);
        const GpuSpec gpu = load_gpu(data, name);
        CHECK(gpu.supports(Math::fp4) == (gpu.architecture == "blackwell"));
        CHECK(gpu.supports(Math::fp8) == (gpu.architecture != "ampere"));
    }
}

TEST_CASE("presets: H20 has the ridge of its published ratio, 74 FLOP per byte in FP8", "[hw][presets]") {
    // Step-3 report, accelerator table: 296 TFLOP/s / 4.0 TB/s = 74.
    const GpuSpec h20 = load_gpu(DataFiles{}, "h20");
    CHECK((h20.peak(Math::fp8) / h20.hbm_bandwidth).in(FLOP / B) == Approx(74));
}

TEST_CASE("presets: every NIC that ships loads, and only none has no bandwidth", "[hw][presets]") {
    const DataFiles data;
    const std::vector<std::string> names = data.names("scenarios/nics");
    CHECK(names.size() == 5);
    for (const std::string& name : names) {
        INFO(name);
        const NicSpec nic = load_nic(data, name);
        CHECK_FALSE(nic.source.empty());
        CHECK((nic.bandwidth > BytesPerSecond{}) == (name != "none"));
    }
}

TEST_CASE("presets: every cluster names a GPU and a NIC that ship, and its nodes fill whole NVLink domains",
          "[hw][presets]") {
    const DataFiles data;
    const std::vector<std::string> names = data.names("scenarios/clusters");
    CHECK(names.size() == 8);
    for (const std::string& name : names) {
        INFO(name);
        const std::string file    = "scenarios/clusters/" + name + ".json";
        const nlohmann::json json = parse_json(*data.find(file), file);
        CHECK_NOTHROW(load_gpu(data, json.at("gpu")));
        CHECK_NOTHROW(load_nic(data, json.at("nic")));
        const int gpus = json.at("nodes").get<int>() * json.at("gpus_per_node").get<int>();
        CHECK(gpus % json.at("nvlink_domain").get<int>() == 0);
        CHECK((json.at("nic") == "none") == (json.at("topology") == "nvlink"));
    }
}
