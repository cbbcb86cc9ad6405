#include "model/calibrate/silicon_families.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace isobath {
namespace {

using Names = std::vector<std::string_view>;

const Names kLatency{"latency"};
const Names kAttention{"mla_dtype", "kv_cache_dtype", "num_heads", "batch_size", "isl", "step"};
const Names kModule{"gemm_type", "mla_dtype", "kv_cache_dtype", "num_heads", "batch_size", "isl", "step"};
const Names kExperts{"moe_dtype",   "num_tokens",  "hidden_size", "inter_size",  "topk",
                     "num_experts", "moe_tp_size", "moe_ep_size", "distribution"};
const Names kSlots{"moe_dtype",   "num_tokens",  "dp_num_tokens", "rank0_num_tokens",
                   "hidden_size", "inter_size",  "topk",          "num_experts",
                   "num_slots",   "moe_tp_size", "moe_ep_size",   "distribution"};
const Names kAllToAll{"moe_dtype", "num_tokens", "hidden_size", "topk", "num_experts", "moe_ep_size"};
const Names kDeepEp{"node_num", "hidden_size", "num_token", "num_topk", "num_experts"};

Names with(Names names, std::initializer_list<std::string_view> more) {
    names.insert(names.end(), more);
    return names;
}

const std::vector<SiliconFamily>& table() {
    using unit::ms, unit::us;
    static const std::vector<SiliconFamily> families{
        {"gemm", {"gemm_dtype", "m", "n", "k"}, {}, kLatency, ms},
        {"mla_bmm", {"bmm_dtype", "num_tokens", "num_heads"}, {"mla_gen_pre", "mla_gen_post"}, kLatency, ms},
        {"mla_context_module", kModule, {"mla_context_module", "mla_context"}, kLatency, ms},
        {"mla_decode_module", kModule, {"mla_generation_module", "mla_generation"}, kLatency, ms},
        {"mla_context", kAttention, {"mla_context"}, kLatency, ms},
        {"mla_decode", kAttention, {"mla_generation"}, kLatency, ms},
        {"moe_slots", kSlots, {"wideep_moe", "wideep_moe_eplb"}, kLatency, ms},
        {"moe", kExperts, {"moe"}, kLatency, ms},
        {"moe_context", kExperts, {"moe_context"}, kLatency, ms},
        {"moe_generation", kExperts, {"moe_generation"}, kLatency, ms},
        {"alltoall",
         kAllToAll,
         {"alltoall_prepare", "alltoall_dispatch", "alltoall_combine", "alltoall_combine_low_precision"},
         kLatency,
         ms},
        {"nccl",
         {"nccl_dtype", "num_gpus", "message_size"},
         {"all_gather", "all_reduce", "alltoall", "reduce_scatter"},
         kLatency,
         ms},
        {"all_reduce", {"allreduce_dtype", "num_gpus", "message_size"}, {"all_reduce"}, kLatency, ms},
        {"deepep_low_latency_dispatch", kDeepEp, {"ll"}, {"dispatch_avg_t_us"}, us},
        {"deepep_low_latency_combine", kDeepEp, {"ll"}, {"combine_avg_t_us"}, us},
        {"deepep_normal_dispatch",
         with(kDeepEp, {"dispatch_sms"}),
         {"normal"},
         {"dispatch_transmit_us", "dispatch_notify_us"},
         us},
        {"deepep_normal_combine",
         with(kDeepEp, {"combine_sms"}),
         {"normal"},
         {"combine_transmit_us", "combine_notify_us"},
         us},
    };
    return families;
}

/// Columns that no family needs but some files have.
constexpr std::array<std::string_view, 10> kOptional{"op_name",
                                                     "kernel_source",
                                                     "model",
                                                     "architecture",
                                                     "tp_size",
                                                     "implementation",
                                                     "moe_kernel",
                                                     "simulation_mode",
                                                     "combine_bandwidth_gbps",
                                                     "dispatch_bandwidth_gbps"};

constexpr std::array<std::string_view, 12> kText{
    "framework",    "version",      "device",         "op_name",    "kernel_source",   "model",
    "architecture", "distribution", "implementation", "moe_kernel", "simulation_mode", "gemm_type"};

template <class List>
bool contains(const List& list, std::string_view name) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

}  // namespace

std::span<const SiliconFamily> silicon_families() {
    return table();
}

bool is_measured(std::string_view column) {
    return column == "latency" || column.ends_with("_us") || column.ends_with("_gbps");
}

bool is_provenance(std::string_view column) {
    return column == "framework" || column == "version" || column == "device";
}

bool is_numeric(std::string_view column) {
    return !contains(kText, column) && !column.ends_with("_dtype");
}

bool is_known(std::string_view column) {
    if (is_provenance(column) || contains(kOptional, column)) return true;
    return std::any_of(table().begin(), table().end(), [&](const SiliconFamily& family) {
        return contains(family.columns, column) || contains(family.times, column);
    });
}

std::string implementation_of(const std::string& framework, const std::string& version,
                              const std::string& kernel_source) {
    // Only of experts does one library have several kernels for the same shape and format.
    constexpr std::pair<std::string_view, const char*> kKernels[] = {
        {"moe_torch_flow_cutlass", "-cutlass"}, {"moe_torch_flow_min_latency", "-min-latency"}};
    std::string name = lower(kernel_source == "NCCL" ? kernel_source : framework) + "-" + version;
    for (const auto& [source, suffix] : kKernels)
        if (kernel_source == source) name += suffix;
    return name;
}

}  // namespace isobath
