#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/launch/options.h"
#include "sim/scenario_fields.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Words as a shell would part them: spaces, quotes, "--option=value", a backslash before a line's end.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> out;
    std::string word;
    char quote = 0;
    bool any   = false;
    for (const char c : line + " ") {
        if (quote != 0) {
            quote == c ? quote = 0 : (word += c, 0);
        } else if (c == '\'' || c == '"') {
            quote = c;
            any   = true;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
            if (any || !word.empty()) out.push_back(word);
            word.clear();
            any = false;
        } else if (c == '=' && word.starts_with("--")) {
            out.push_back(word);
            word.clear();
        } else {
            word += c;
        }
    }
    if (quote != 0) throw SpecError("--from-launch: a quote is not closed");
    return out;
}

/// trtllm-serve's own options, as keys of its file.
std::string key_of(const std::string& option) {
    if (option == "--tp_size") return "tensor_parallel_size";
    if (option == "--pp_size") return "pipeline_parallel_size";
    if (option == "--ep_size") return "moe_expert_parallel_size";
    if (option == "--kv_cache_free_gpu_memory_fraction") return "kv_cache_config.free_gpu_memory_fraction";
    return option.starts_with("--") ? option.substr(2) : option;
}

const LaunchOption* find(LaunchEngine engine, const std::string& word) {
    const std::string name = engine == LaunchEngine::tensorrt_llm ? key_of(word) : word;
    for (const LaunchOption& o : launch_options(engine))
        if (o.name == name || std::find(o.also.begin(), o.also.end(), name) != o.also.end()) return &o;
    return nullptr;
}

/// The first word that names a server, and what comes after it.
std::size_t program_of(const std::vector<std::string>& words, FromLaunch& out) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "sglang.launch_server") return out.engine = LaunchEngine::sglang, i + 1;
        if (words[i] == "trtllm-serve") return out.engine = LaunchEngine::tensorrt_llm, i + 1;
        if (words[i] == "vllm" && i + 1 < words.size() && words[i + 1] == "serve")
            return out.engine = LaunchEngine::vllm, i + 2;
    }
    throw SpecError(
        "--from-launch: no server that is known; allowed: python -m sglang.launch_server, vllm serve, "
        "trtllm-serve");
}

/// From sizes as the engine counts them to a layout.
void settle(FromLaunch& f) {
    Layout& l = f.unit.layout;
    if (f.engine == LaunchEngine::sglang) {
        const int all = l.attention_tp;
        if (all % l.attention_dp != 0)
            throw SpecError(
                fmt::format("--from-launch: --dp-size {} does not divide --tp-size {}", l.attention_dp, all));
        l.attention_tp = all / l.attention_dp;
        // DeepEP lays experts out over every rank, whatever --ep-size says.
        if (l.comm != Comm::none) l.ep = all;
    }
    if (f.engine == LaunchEngine::tensorrt_llm && l.attention_dp == 0) {
        l.attention_dp = l.attention_tp;
        l.attention_tp = 1;
    }
    const int ranks = l.attention_tp * l.attention_dp;
    if (l.ep == 0) l.ep = ranks;
    if (ranks % l.ep != 0)
        throw SpecError(fmt::format("--from-launch: experts over {} do not divide {} ranks", l.ep, ranks));
    l.expert_tp = ranks / l.ep;
    if (l.comm == Comm::none) l.comm = Comm::nccl;
    if (l.overlap == Overlap::two_batch && l.comm == Comm::deepep_low_latency)
        l.overlap = Overlap::two_batch_hook;
}

std::string preset_of(const std::string& model) {
    std::string name = model.substr(model.rfind('/') + 1);
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (const char* known :
         {"deepseek-v3.2", "deepseek-v3", "deepseek-r1", "deepseek-v2-lite", "deepseek-v2", "kimi-k2",
          "qwen3-235b", "llama-3.1-405b", "qwen2.5-72b", "mixtral-8x22b", "mixtral-8x7b"})
        if (name.starts_with(known)) return known;
    return "";
}

}  // namespace

FromLaunch read_launch(const std::string& line) {
    FromLaunch out;
    const std::vector<std::string> words = words_of(line);
    std::size_t i                        = program_of(words, out);
    if (out.engine != LaunchEngine::sglang && i < words.size() && !words[i].starts_with("-"))
        out.unit.model = words[i++];
    while (i < words.size()) {
        const std::string word     = words[i++];
        const LaunchOption* option = find(out.engine, word);
        const bool valued          = i < words.size() && !words[i].starts_with("-");
        if (!option) {
            out.unread.push_back(valued ? word + " " + words[i++] : word);
            continue;
        }
        if (!option->is_switch && !valued)
            throw SpecError(fmt::format("--from-launch {}: its value is missing", clipped(word)));
        const std::string value = option->is_switch ? "" : words[i++];
        if (!option->read(out.unit, value)) out.unread.push_back(word + " " + value);
    }
    settle(out);
    return out;
}

json scenario_of(const FromLaunch& f) {
    const LaunchUnit& u = f.unit;
    const Layout& l     = u.layout;
    const auto word     = [](const char* field, int value) {
        return find_field(field)->choices[static_cast<std::size_t>(value)];
    };
    // Nodes of 8 GPUs, as most are; --set cluster.nodes says otherwise.
    json out{{"engine", name_of(f.engine)},
             {"cluster", {{"nodes", (u.gpus() + 7) / 8}}},
             {"layout",
              {{"attention", {{"tp", l.attention_tp}, {"dp", l.attention_dp}, {"cp", 1}}},
               {"experts", {{"ep", l.ep}, {"tp", l.expert_tp}, {"redundant", l.redundant}}},
               {"pp", l.pp},
               {"overlap", word("/layout/overlap", static_cast<int>(l.overlap))},
               {"comm", word("/layout/comm", static_cast<int>(l.comm))}}}};
    if (const std::string model = preset_of(u.model); !model.empty()) out["model"] = model;
    if (u.fp8_cache) out["precision"]["kv_cache"] = "fp8";
    if (u.drafts > 0) out["speculation"] = {{"method", "mtp"}, {"depth", u.drafts}};
    if (u.chunk > 0) out["serving"]["chunk"] = u.chunk;
    if (u.max_running > 0) out["serving"]["max_running"] = double(u.max_running) / l.attention_dp;
    if (l.redundant > 0) out["routing"]["placement"] = "eplb";
    return out;
}

}  // namespace isobath
