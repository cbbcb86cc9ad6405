#include <fmt/format.h>

#include "sim/launch/options.h"

namespace isobath {
namespace {

/// What the unit asks for that the engine's options do not say.
std::vector<std::string> unsaid(LaunchEngine engine, const LaunchUnit& u) {
    std::vector<std::string> out;
    const Layout& l   = u.layout;
    const int ranks   = u.gpus() / l.pp;
    const auto vllm   = engine == LaunchEngine::vllm;
    const bool trtllm = engine == LaunchEngine::tensorrt_llm;
    if (l.attention_cp > 1) out.push_back(fmt::format("context split over {} ranks (cp)", l.attention_cp));
    if (vllm && l.ep > 1 && l.ep != ranks)
        out.push_back(fmt::format("experts over {} of {} ranks: vLLM takes all of them", l.ep, ranks));
    if (trtllm && l.attention_dp > 1 && l.attention_tp > 1)
        out.push_back(fmt::format("attention tp {} within dp {}: attention DP is all or nothing",
                                  l.attention_tp, l.attention_dp));
    if (trtllm && l.redundant > 0)
        out.push_back(
            fmt::format("{} redundant experts: moe_config.load_balancer names a file of slots", l.redundant));
    if (trtllm && (l.comm == Comm::deepep_normal || l.comm == Comm::deepep_low_latency))
        out.emplace_back("DeepEP: the engine chooses its own exchange");
    if (l.overlap == Overlap::shared_expert)
        out.emplace_back("shared experts beside the routed ones: the engine decides");
    if (trtllm && (l.overlap == Overlap::two_batch || l.overlap == Overlap::two_batch_hook))
        out.emplace_back("two batches that overlap");
    if (u.role != LaunchRole::aggregated && engine != LaunchEngine::sglang)
        out.emplace_back("the role of a disaggregated unit: its connector is configured elsewhere");
    return out;
}

std::string yaml(const LaunchUnit& u) {
    std::string out, section;
    for (const LaunchOption& o : launch_options(LaunchEngine::tensorrt_llm)) {
        const auto value = o.write(u);
        if (!value) continue;
        const auto dot           = o.name.find('.');
        const std::string inside = dot == o.name.npos ? "" : std::string(o.name.substr(0, dot));
        if (!inside.empty() && inside != section) out += inside + ":\n";
        section = inside;
        out += fmt::format("{}{}: {}\n", inside.empty() ? "" : "  ",
                           inside.empty() ? o.name : o.name.substr(dot + 1), *value);
    }
    return out;
}

}  // namespace

std::string_view name_of(LaunchEngine engine) {
    constexpr std::string_view kNames[] = {"sglang", "vllm", "tensorrt-llm"};
    return kNames[static_cast<std::size_t>(engine)];
}

Launch launch_of(LaunchEngine engine, const LaunchUnit& u) {
    if (engine == LaunchEngine::tensorrt_llm)
        return {fmt::format("trtllm-serve {} --extra_llm_api_options options.yaml\n# options.yaml\n{}",
                            u.model, yaml(u)),
                unsaid(engine, u)};
    std::string line =
        engine == LaunchEngine::sglang ? "python -m sglang.launch_server" : "vllm serve " + u.model;
    for (const LaunchOption& o : launch_options(engine))
        if (const auto value = o.write(u))
            line += fmt::format(" {}{}{}", o.name, o.is_switch ? "" : " ", *value);
    return {line + "\n", unsaid(engine, u)};
}

}  // namespace isobath
