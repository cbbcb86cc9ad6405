#include "sim/balance/balance_scenario.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "hw/text.h"
#include "model/balance/load_preset.h"
#include "sim/run_result.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

constexpr const char* kPreset = "deepseek-v3";

Override routing(const std::string& field, const std::string& value, const std::string& shown) {
    return {"/routing/" + field, value, shown};
}

Override by_flag(const std::string& field, const std::string& value, const std::string& flag) {
    return routing(field, value, "--" + flag + " " + clipped(value));
}

std::shared_ptr<const ExpertLoad> even_load(const Scenario& s) {
    ExpertLoad load(s.model.moe_layers(), s.model.moe->n_routed_experts);
    std::fill(load.count.begin(), load.count.end(), 1.0);
    load.source = "every expert alike";
    return std::make_shared<ExpertLoad>(std::move(load));
}

/// The prompt length in a workload's name, "decode_in2000out100"; 0 without one.
double prompt_of(const std::string& workload) {
    const auto at = workload.find("_in");
    int length    = 0;
    if (at != workload.npos)
        std::from_chars(workload.data() + at + 3, workload.data() + workload.size(), length);
    return length;
}

/// The workload of the scenario's phase whose prompts are nearest in length, in octaves.
std::string nearest_workload(const LoadPreset& preset, const Scenario& s) {
    const bool prefill       = s.phase == Phase::prefill;
    const std::string prefix = prefill ? "prefill_" : "decode_";
    const double length      = s.phase == Phase::decode ? s.workload.context : s.workload.isl;
    std::string best;
    double least = 1e300;
    for (const auto& w : preset.workloads) {
        const double off = std::abs(std::log(std::max(1.0, prompt_of(w.name)) / length));
        if (!w.name.starts_with(prefix) || off >= least) continue;
        least = off;
        best  = w.name;
    }
    return best;
}

std::string default_load(const Scenario& s, const DataFiles& data) {
    const LoadPreset preset = load_load_preset(data, kPreset);
    const int experts       = s.model.moe->n_routed_experts;
    if (preset.experts != experts)
        fail_at(s.file, "/routing/popularity",
                fmt::format("uniform, and the preset {} is of {} experts where {} has {}; name a load: "
                            "--load lognormal:SIGMA, zipf:S, dirichlet:ALPHA or a file of counts",
                            kPreset, preset.experts, s.model.name, experts));
    return kPreset + (":" + nearest_workload(preset, s));
}

void check_phase(const Scenario& s) {
    if (!s.model.moe)
        fail_at(s.file, "/model",
                s.model.name + " has no experts to balance; allowed: a model with routed experts");
    if (s.phase == Phase::train)
        fail_at(s.file, "/phase",
                "\"train\" has no step to judge a placement by; allowed: decode, prefill, serve");
}

/// What the layout and the user leave of "none": redundant experts need a place.
Balancer wanted(const Scenario& plain, const Layout& layout, const RoutingAsk& ask,
                std::vector<std::string>& notes) {
    if (plain.placement != Balancer::none || layout.redundant == 0) return plain.placement;
    if (!ask.placement.empty())
        throw SpecError(
            fmt::format("--placement none: leaves the {} redundant experts without a place; "
                        "allowed: eplb, replicate, ideal",
                        layout.redundant));
    notes.push_back(fmt::format("placement: eplb, for the {} redundant experts need one", layout.redundant));
    return Balancer::eplb;
}

/// Under "none" a law would stay a law without a draw, so loads are read under EPLB; the placement that is
/// wanted is put back afterwards.
std::vector<Override> with_loads(std::vector<Override> overrides, const Scenario& plain,
                                 const std::string& text, const RoutingAsk& ask) {
    if (!ask.load.empty())
        overrides.push_back(by_flag("popularity", text, "load"));
    else
        overrides.push_back(routing("popularity", text, plain.file + ": /routing/popularity"));
    if (!ask.planned_on.empty()) overrides.push_back(by_flag("planned_on", ask.planned_on, "planned-on"));
    if (plain.placement == Balancer::none) overrides.push_back(routing("placement", "eplb", "a placement"));
    return overrides;
}

void fill_even(Scenario& s) {
    const bool planned_even = s.planned_on == "uniform" || (s.planned_on == "same" && !s.load);
    if (!s.load) s.load = even_load(s);
    if (!s.planned_load) s.planned_load = planned_even ? even_load(s) : s.load;
}

}  // namespace

BalanceScenario load_balance_scenario(const std::string& path, const DataFiles& data,
                                      const std::vector<Override>& asked, const RoutingAsk& ask) {
    std::vector<Override> overrides = asked;
    if (!ask.placement.empty()) overrides.push_back(by_flag("placement", ask.placement, "placement"));
    const Scenario plain = load_scenario(path, data, overrides);
    check_phase(plain);
    BalanceScenario out;
    std::string text = ask.load.empty() ? plain.popularity : ask.load;
    if (text == "uniform" && ask.load.empty()) {
        text = default_load(plain, data);
        out.notes.push_back("load: the preset " + text +
                            ", for the scenario says that experts are all alike");
    }
    Scenario s = load_scenario(path, data, with_loads(overrides, plain, text, ask));
    if (s.max_over_mean != 1)
        out.notes.push_back(fmt::format(
            "routing.max_over_mean = {:g} is left out: the load and its placement say it", s.max_over_mean));
    s.max_over_mean = 1;
    out.scenario    = step_of(s, data);
    fill_even(out.scenario);
    out.scenario.placement = wanted(plain, out.scenario.layout, ask, out.notes);
    return out;
}

ExpertLoad load_other(const std::string& path, const DataFiles& data, std::vector<Override> overrides,
                      const std::string& text, const std::string& flag) {
    overrides.push_back(by_flag("popularity", text, flag));
    overrides.push_back(by_flag("planned_on", "same", flag));
    overrides.push_back(routing("placement", "eplb", "a placement"));
    const Scenario s = load_scenario(path, data, overrides);
    return s.load ? *s.load : *even_load(s);
}

}  // namespace isobath
