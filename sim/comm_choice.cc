#include "sim/comm_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

bool has_kernels(const CommLibrary& library, ExchangeMode mode) {
    switch (mode) {
        case ExchangeMode::deepep_normal: return library.throughput.has_value();
        case ExchangeMode::deepep_low_latency: return library.latency.has_value();
        case ExchangeMode::mnnvl: return library.domain.has_value();
        case ExchangeMode::nccl_all_to_all:
        case ExchangeMode::nccl_all_gather: break;
    }
    return true;  // a library without collectives borrows NCCL's
}

std::string libraries_with(ExchangeMode mode, const DataFiles& data) {
    std::string names = "auto";
    for (const std::string& name : data.names("scenarios/comm"))
        if (has_kernels(load_comm_library(data, name), mode)) names += ", " + name;
    return names;
}

void check_known(const std::string& name, const DataFiles& data, const Origin& origin) {
    const std::vector<std::string> names = data.names("scenarios/comm");
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string_view near = nearest(name, known);
    origin.fail("/layout/comm_library",
                fmt::format("no library \"{}\"; {}known: auto, {}", clipped(name),
                            near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near), joined(known)));
}

}  // namespace

ExchangeMode mode_of(Comm comm) {
    switch (comm) {
        case Comm::deepep_normal: return ExchangeMode::deepep_normal;
        case Comm::deepep_low_latency: return ExchangeMode::deepep_low_latency;
        case Comm::mnnvl: return ExchangeMode::mnnvl;
        case Comm::none:
        case Comm::nccl: break;
    }
    return ExchangeMode::nccl_all_gather;
}

// SGLang and vLLM sum small buffers by one-shot kernels too, those of TensorRT-LLM (through FlashInfer) or of
// the same design; only TensorRT-LLM's are measured. H800's links are slower than any that were measured.
std::string collectives_of(const Scenario& s) {
    for (const char* engine : {"sglang", "tensorrt-llm", "vllm"})
        if (s.engine.name.starts_with(engine) && s.cluster.gpu.name != "h800") return "trtllm-allreduce";
    return "nccl-2.29";
}

std::string comm_library_of(const Scenario& s) {
    if (s.layout.comm_library != "auto") return s.layout.comm_library;
    const bool h800 = s.cluster.gpu.name == "h800";
    switch (s.layout.comm) {
        case Comm::deepep_normal: return h800 ? "deepep-v1-2025-04" : "deepep-sglang-0.5.12";
        case Comm::deepep_low_latency: return h800 ? "deepep-v1-2025-06" : "deepep-sglang-0.5.12";
        case Comm::mnnvl: return "mnnvl-trtllm-1.2";
        case Comm::none:
        case Comm::nccl: break;
    }
    return collectives_of(s);
}

void check_comm_library(const Scenario& s, const DataFiles& data, const Origin& origin) {
    const std::string name = comm_library_of(s);
    check_known(name, data, origin);
    if (!s.exchanges()) return;
    const ExchangeMode mode = mode_of(s.layout.comm);
    if (!has_kernels(load_comm_library(data, name), mode))
        origin.fail("/layout/comm_library", fmt::format("{} has no {} kernels; allowed: {}", name,
                                                        name_of(mode), libraries_with(mode, data)));
    const int ranks = s.layout.ep * s.layout.expert_tp;
    if (mode == ExchangeMode::mnnvl && ranks > s.cluster.nvlink_domain)
        origin.fail(
            "/layout/comm",
            fmt::format(
                "mnnvl reaches the {} GPUs of one NVLink domain, but experts lie on {} ranks; allowed: "
                "nccl, deepep-normal, deepep-low-latency",
                s.cluster.nvlink_domain, ranks));
}

}  // namespace isobath
