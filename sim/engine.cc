#include "sim/engine.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace isobath {
namespace {

constexpr std::string_view kMemoryRules[] = {"everything", "weights-and-cache", "of-free"};

/// Without runs of its own an engine is as uncertain as the widest of those that have some
/// (TensorRT-LLM 1.2).
constexpr double kTpotSpread = 1.22, kTtftSpread = 2.19;

Figure<double> spread(SpecReader& in, const char* key, double otherwise) {
    return in.has(key) ? read_figure(in, key) : Figure<double>{otherwise, otherwise, otherwise, "assumed"};
}

template <class Family>
void add_implementations(Family& family, const Family& more) {
    for (const auto& each : more.implementations) {
        const auto same = std::find_if(family.implementations.begin(), family.implementations.end(),
                                       [&](const auto& one) { return one.name == each.name; });
        if (same == family.implementations.end())
            family.implementations.push_back(each);
        else
            *same = each;
    }
    if (!more.preferred.empty()) family.preferred = more.preferred;
}

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
             read_quantity_figure<Seconds>(in, "host_step_overhead"),
             read_quantity_figure<Seconds>(in, "prefill_step_overhead"),
             read_quantity_figure<Seconds>(in, "front_end"),
             read_quantity_figure<Seconds>(in, "hand_over"),
             {},
             read_quantity_figure<Seconds>(in, "speculation_per_request"),
             in.has("draft_overhead") ? read_quantity_figure<Seconds>(in, "draft_overhead")
                                      : Figure<Seconds>{{}, {}, {}, "none assumed"},
             read_figure(in, "answer_reserved"),
             spread(in, "tpot_spread", kTpotSpread),
             spread(in, "ttft_spread", kTtftSpread),
             in.flag_or("mixed_steps", false),
             {}};
    if (in.has("hand_over_on")) {
        SpecReader all = in.object("hand_over_on");
        all.each_key([&](const std::string& architecture) {
            e.hand_over_on[architecture] = read_quantity_figure<Seconds>(all, architecture);
        });
    }
    if (in.has("kernels")) {
        SpecReader all = in.object("kernels");
        all.each_key([&](const std::string& architecture) {
            e.kernels[architecture] = read_calibration(all.raw(architecture), name, file);
        });
    }
    in.finish();
    return e;
}

Seconds hand_over_of(const Engine& engine, const std::string& architecture) {
    const auto own = engine.hand_over_on.find(architecture);
    return own == engine.hand_over_on.end() ? engine.hand_over.value : own->second.value;
}

void add_kernels(Calibration& calibration, const Engine& engine, const std::string& architecture) {
    const auto own = engine.kernels.find(architecture);
    if (own == engine.kernels.end()) return;
    each_family(calibration, [&](std::string_view key, auto& family) {
        each_family(own->second, [&](std::string_view other, const auto& more) {
            if constexpr (std::is_same_v<std::decay_t<decltype(more)>, std::decay_t<decltype(family)>>)
                if (key == other) add_implementations(family, more);
        });
    });
}

std::string newest_engine(const DataFiles& data, const std::string& family) {
    std::string newest = family;  // names sort by version while versions stay below 10
    for (const std::string& name : data.names("scenarios/engines"))
        if (name.starts_with(family + "-")) newest = name;
    return newest;
}

}  // namespace isobath
