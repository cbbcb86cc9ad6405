#include "sim/launch/options.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace isobath {
namespace {

using Text = std::optional<std::string>;

constexpr std::string_view kModelPath[] = {"--model"}, kTp[] = {"--tp", "--tensor-parallel-size"},
                           kDp[] = {"--dp", "--data-parallel-size"},
                           kEp[] = {"--ep", "--expert-parallel-size"},
                           kPp[] = {"--pp", "--pipeline-parallel-size"}, kVllmTp[] = {"-tp"},
                           kVllmDp[] = {"-dp"}, kVllmPp[] = {"-pp"};

Text if_above(int value, int least) {
    return value > least ? Text(std::to_string(value)) : std::nullopt;
}

bool put(int& place, const std::string& text, int least = 1) {
    const auto n = launch_number(text);
    if (!n || *n < least) return false;
    place = *n;
    return true;
}

bool share(double& place, const std::string& text) {
    double n              = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc() || end != text.data() + text.size() || !(n > 0 && n <= 1)) return false;
    place = n;
    return true;
}

bool deepep(const Layout& l) {
    return l.comm == Comm::deepep_normal || l.comm == Comm::deepep_low_latency;
}
bool two_batch(const Layout& l) {
    return l.overlap == Overlap::two_batch || l.overlap == Overlap::two_batch_hook;
}
/// A number of a JSON object: {"num_redundant_experts": 32}.
bool json_number(int& place, const std::string& text, const char* key) {
    const auto doc = nlohmann::json::parse(text, nullptr, false);
    if (!doc.is_object() || !doc.contains(key) || !doc[key].is_number_integer() || doc[key] < 0) return false;
    place = doc[key];
    return true;
}

// Sizes are read as the engine means them and put in order by settle() in read_launch.cc: SGLang's tp counts
// every GPU of a stage, vLLM's the ranks of one attention replica.

const LaunchOption kSglang[] = {
    {"--model-path", kModelPath, false, [](const LaunchUnit& u) { return Text(u.model); },
     [](LaunchUnit& u, const std::string& v) { return u.model = v, !v.empty(); }},
    {"--tp-size", kTp, false,
     [](const LaunchUnit& u) { return Text(std::to_string(u.gpus() / u.layout.pp)); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.attention_tp, v); }},
    {"--pp-size", kPp, false, [](const LaunchUnit& u) { return if_above(u.layout.pp, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.pp, v); }},
    {"--dp-size", kDp, false, [](const LaunchUnit& u) { return if_above(u.layout.attention_dp, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.attention_dp, v); }},
    {"--enable-dp-attention",
     {},
     true,
     [](const LaunchUnit& u) { return u.layout.attention_dp > 1 ? Text("") : std::nullopt; },
     [](LaunchUnit&, const std::string&) { return true; }},
    {"--ep-size", kEp, false, [](const LaunchUnit& u) { return if_above(u.layout.ep, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.ep, v); }},
    {"--moe-a2a-backend",
     {},
     false,
     [](const LaunchUnit& u) { return deepep(u.layout) ? Text("deepep") : std::nullopt; },
     [](LaunchUnit& u, const std::string& v) {
         if (v == "deepep" && !deepep(u.layout)) u.layout.comm = Comm::deepep_normal;
         return v == "deepep" || v == "none";
     }},
    {"--deepep-mode",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.layout.comm == Comm::deepep_low_latency ? Text("low_latency")
                : u.layout.comm == Comm::deepep_normal    ? Text("normal")
                                                          : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) {
         if (v == "low_latency") u.layout.comm = Comm::deepep_low_latency;
         if (v == "normal") u.layout.comm = Comm::deepep_normal;
         return v == "low_latency" || v == "normal";
     }},
    {"--enable-eplb",
     {},
     true,
     [](const LaunchUnit& u) { return u.layout.redundant > 0 ? Text("") : std::nullopt; },
     [](LaunchUnit&, const std::string&) { return true; }},
    {"--ep-num-redundant-experts",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.layout.redundant, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.redundant, v, 0); }},
    {"--enable-two-batch-overlap",
     {},
     true,
     [](const LaunchUnit& u) { return two_batch(u.layout) ? Text("") : std::nullopt; },
     [](LaunchUnit& u, const std::string&) { return u.layout.overlap = Overlap::two_batch, true; }},
    {"--kv-cache-dtype",
     {},
     false,
     [](const LaunchUnit& u) { return u.fp8_cache ? Text("fp8_e4m3") : std::nullopt; },
     [](LaunchUnit& u, const std::string& v) {
         u.fp8_cache = v == "fp8_e4m3" || v == "fp8_e5m2";
         return u.fp8_cache || v == "auto" || v == "bf16" || v == "bfloat16";
     }},
    {"--chunked-prefill-size",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.chunk, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.chunk, v); }},
    {"--max-running-requests",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.max_running, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.max_running, v); }},
    {"--mem-fraction-static",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.memory_fraction > 0 ? Text(fmt::format("{:g}", u.memory_fraction)) : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) { return share(u.memory_fraction, v); }},
    {"--speculative-algorithm",
     {},
     false,
     [](const LaunchUnit& u) { return u.drafts > 0 ? Text("EAGLE") : std::nullopt; },
     [](LaunchUnit& u, const std::string& v) {
         if (u.drafts == 0) u.drafts = 1;
         return v == "EAGLE" || v == "NEXTN";
     }},
    {"--speculative-num-steps",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.drafts, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.drafts, v); }},
    {"--speculative-eagle-topk",
     {},
     false,
     [](const LaunchUnit& u) { return u.drafts > 0 ? Text("1") : std::nullopt; },
     [](LaunchUnit&, const std::string& v) { return v == "1"; }},
    {"--speculative-num-draft-tokens",
     {},
     false,
     [](const LaunchUnit& u) { return u.drafts > 0 ? Text(std::to_string(u.drafts + 1)) : std::nullopt; },
     [](LaunchUnit&, const std::string& v) { return launch_number(v).has_value(); }},
    {"--disaggregation-mode",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.role == LaunchRole::prefill  ? Text("prefill")
                : u.role == LaunchRole::decode ? Text("decode")
                                               : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) {
         u.role = v == "prefill" ? LaunchRole::prefill : v == "decode" ? LaunchRole::decode : u.role;
         return v == "prefill" || v == "decode" || v == "null";
     }},
};

const LaunchOption kVllm[] = {
    {"--tensor-parallel-size", kVllmTp, false,
     [](const LaunchUnit& u) { return Text(std::to_string(u.layout.attention_tp)); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.attention_tp, v); }},
    {"--data-parallel-size", kVllmDp, false,
     [](const LaunchUnit& u) { return if_above(u.layout.attention_dp, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.attention_dp, v); }},
    {"--pipeline-parallel-size", kVllmPp, false, [](const LaunchUnit& u) { return if_above(u.layout.pp, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.pp, v); }},
    {"--enable-expert-parallel",
     {},
     true,
     [](const LaunchUnit& u) { return u.layout.ep > 1 ? Text("") : std::nullopt; },
     [](LaunchUnit& u, const std::string&) { return u.layout.ep = 0, true; }},  // 0: all ranks, see settle()
    {"--all2all-backend",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.layout.comm == Comm::deepep_low_latency      ? Text("deepep_low_latency")
                : u.layout.comm == Comm::deepep_normal         ? Text("deepep_high_throughput")
                : u.layout.attention_dp > 1 && u.layout.ep > 1 ? Text("allgather_reducescatter")
                                                               : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) {
         if (v == "deepep_low_latency") u.layout.comm = Comm::deepep_low_latency;
         if (v == "deepep_high_throughput") u.layout.comm = Comm::deepep_normal;
         return v.starts_with("deepep_") || v == "allgather_reducescatter";
     }},
    {"--enable-eplb",
     {},
     true,
     [](const LaunchUnit& u) { return u.layout.redundant > 0 ? Text("") : std::nullopt; },
     [](LaunchUnit&, const std::string&) { return true; }},
    {"--eplb-config",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.layout.redundant > 0
                    ? Text(fmt::format("'{{\"num_redundant_experts\":{}}}'", u.layout.redundant))
                    : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) {
         return json_number(u.layout.redundant, v, "num_redundant_experts");
     }},
    {"--enable-dbo",
     {},
     true,
     [](const LaunchUnit& u) { return two_batch(u.layout) ? Text("") : std::nullopt; },
     [](LaunchUnit& u, const std::string&) { return u.layout.overlap = Overlap::two_batch, true; }},
    {"--kv-cache-dtype",
     {},
     false,
     [](const LaunchUnit& u) { return u.fp8_cache ? Text("fp8") : std::nullopt; },
     [](LaunchUnit& u, const std::string& v) {
         u.fp8_cache = v.starts_with("fp8");
         return u.fp8_cache || v == "auto";
     }},
    {"--max-num-batched-tokens",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.chunk, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.chunk, v); }},
    {"--max-num-seqs",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.max_running / u.layout.attention_dp, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.max_running, v); }},
    {"--gpu-memory-utilization",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.memory_fraction > 0 ? Text(fmt::format("{:g}", u.memory_fraction)) : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) { return share(u.memory_fraction, v); }},
    {"--speculative-config",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.drafts > 0
                    ? Text(fmt::format("'{{\"method\":\"mtp\",\"num_speculative_tokens\":{}}}'", u.drafts))
                    : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) { return json_number(u.drafts, v, "num_speculative_tokens"); }},
};

/// Keys of the YAML file that trtllm-serve reads; "a.b" stands inside a.
const LaunchOption kTensorRt[] = {
    {"tensor_parallel_size",
     {},
     false,
     [](const LaunchUnit& u) { return Text(std::to_string(u.gpus() / u.layout.pp)); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.attention_tp, v); }},
    {"pipeline_parallel_size",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.layout.pp, 1); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.pp, v); }},
    {"moe_expert_parallel_size",
     {},
     false,
     [](const LaunchUnit& u) { return Text(std::to_string(u.layout.ep)); },
     [](LaunchUnit& u, const std::string& v) { return put(u.layout.ep, v); }},
    {"enable_attention_dp",
     {},
     false,
     [](const LaunchUnit& u) { return Text(u.layout.attention_dp > 1 ? "true" : "false"); },
     [](LaunchUnit& u, const std::string& v) {
         if (v == "true") u.layout.attention_dp = 0;  // as many as there are GPUs, see settle()
         return v == "true" || v == "false";
     }},
    {"max_batch_size",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.max_running / u.layout.attention_dp, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.max_running, v); }},
    {"max_num_tokens",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.chunk, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.chunk, v); }},
    {"kv_cache_config.dtype",
     {},
     false,
     [](const LaunchUnit& u) { return Text(u.fp8_cache ? "fp8" : "auto"); },
     [](LaunchUnit& u, const std::string& v) {
         u.fp8_cache = v == "fp8";
         return u.fp8_cache || v == "auto" || v == "bfloat16";
     }},
    {"kv_cache_config.free_gpu_memory_fraction",
     {},
     false,
     [](const LaunchUnit& u) {
         return u.memory_fraction > 0 ? Text(fmt::format("{:g}", u.memory_fraction)) : std::nullopt;
     },
     [](LaunchUnit& u, const std::string& v) { return share(u.memory_fraction, v); }},
    {"speculative_config.decoding_type",
     {},
     false,
     [](const LaunchUnit& u) { return u.drafts > 0 ? Text("MTP") : std::nullopt; },
     [](LaunchUnit&, const std::string& v) { return v == "MTP"; }},
    {"speculative_config.max_draft_len",
     {},
     false,
     [](const LaunchUnit& u) { return if_above(u.drafts, 0); },
     [](LaunchUnit& u, const std::string& v) { return put(u.drafts, v); }},
};

}  // namespace

std::span<const LaunchOption> launch_options(LaunchEngine engine) {
    switch (engine) {
        case LaunchEngine::sglang: return kSglang;
        case LaunchEngine::vllm: return kVllm;
        case LaunchEngine::tensorrt_llm: return kTensorRt;
    }
    return {};
}

std::optional<int> launch_number(const std::string& text) {
    int n                 = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc() || end != text.data() + text.size() || n < 0 || n > 10'000'000)
        return std::nullopt;
    return n;
}

}  // namespace isobath
