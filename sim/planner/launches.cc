#include "sim/planner/launches.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/launch/launch.h"
#include "sim/planner/bases.h"

namespace isobath {
namespace {

/// What the checkpoint is called where it is published; the scenario's own name for others.
std::string checkpoint(const Scenario& s) {
    const auto text = nlohmann::json::parse(s.model_text.json);
    if (text == "deepseek-v3") return "deepseek-ai/DeepSeek-V3";
    if (text == "deepseek-r1") return "deepseek-ai/DeepSeek-R1";
    if (text == "deepseek-v3.2") return "deepseek-ai/DeepSeek-V3.2";
    if (text == "kimi-k2") return "moonshotai/Kimi-K2-Instruct";
    return text.is_string() ? text.get<std::string>() : "MODEL";
}

LaunchUnit unit_of(const Scenario& base, const PlanSearch& s, const PlanRecord& r, LaunchRole role) {
    const bool prefill = role == LaunchRole::prefill;
    const auto& c      = s.space.clusters[static_cast<std::size_t>(prefill ? r.prefill_cluster : r.cluster)];
    LaunchUnit u;
    u.role      = role;
    u.model     = checkpoint(base);
    u.layout    = c.layouts[static_cast<std::size_t>(prefill ? r.prefill_layout : r.layout)].layout;
    u.fp8_cache = base.precision.kv_cache != KvLayout::bf16;
    const SpeculationChoice& v = s.space.speculations[static_cast<std::size_t>(r.speculation)];
    if (!prefill && v.method == SpeculationMethod::mtp) u.drafts = v.depth;
    u.chunk = static_cast<int>(r.chunk < 0 ? base.serving.chunk
                                           : s.space.chunks[static_cast<std::size_t>(r.chunk)]);
    if (!prefill)
        u.max_running = static_cast<int>(std::ceil(s.space.batches[static_cast<std::size_t>(r.batch)]) *
                                         u.layout.attention_dp);
    u.memory_fraction = base.engine.memory_fraction.value;
    return u;
}

}  // namespace

std::vector<UnitLaunch> launches_of(const Scenario& scenario, const PlanSearch& s, const PlanRecord& r,
                                    const DataFiles& data) {
    const Scenario base =
        base_scenario(scenario, {"", s.space.precisions[static_cast<std::size_t>(r.precision)], {}}, data);
    std::vector<LaunchEngine> engines{LaunchEngine::sglang, LaunchEngine::vllm, LaunchEngine::tensorrt_llm};
    std::stable_sort(engines.begin(), engines.end(), [&](LaunchEngine a, LaunchEngine b) {
        return base.engine.name.starts_with(name_of(a)) > base.engine.name.starts_with(name_of(b));
    });
    std::vector<UnitLaunch> out;
    const auto add = [&](LaunchRole role, const char* name) {
        for (const LaunchEngine e : engines) {
            LaunchUnit unit = unit_of(base, s, r, role);
            // A memory fraction is a fraction of something else in each engine.
            if (!base.engine.name.starts_with(name_of(e))) unit.memory_fraction = 0;
            const Launch launch = launch_of(e, unit);
            out.push_back({std::string(name_of(e)), name, launch.text, launch.unsaid});
        }
    };
    if (r.split()) add(LaunchRole::prefill, "prefill");
    add(r.split() ? LaunchRole::decode : LaunchRole::aggregated, r.split() ? "decode" : "aggregated");
    return out;
}

}  // namespace isobath
