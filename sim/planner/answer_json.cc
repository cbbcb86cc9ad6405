#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/planner/answer.h"
#include "sim/planner/planned_scenario.h"

namespace isobath {
namespace {

using nlohmann::json;

json unit_json(const PlanSearch& s, int count, int cluster, int layout) {
    const ClusterChoice& c = s.space.clusters[static_cast<std::size_t>(cluster)];
    const UnitLayout& u    = c.layouts[static_cast<std::size_t>(layout)];
    return {{"count", count}, {"gpus", u.gpus}, {"gpu", c.title}, {"layout", layout_json(u.layout)}};
}

json record_json(const PlanSearch& s, const PlanRecord& r) {
    const auto at = [](const auto& list, int i) { return list[static_cast<std::size_t>(i)]; };
    json out{{"objective", r.objective},
             {"gpus", r.gpus},
             {"tpot_s", r.tpot},
             {"ttft_s", r.ttft},
             {"tokens_per_s", r.tokens_per_s},
             {"tokens_per_s_per_gpu", r.tokens_per_s / r.gpus},
             {"tokens_per_s_per_user", 1 / r.tpot},
             {"usd_per_hour", r.usd},
             {"usd_per_million_output_tokens", r.usd_per_rate / 3600 * 1e6},
             {"watts", r.watts},
             {"clients", r.clients},
             {"batch_per_rank", at(s.space.batches, r.batch)},
             {"precision", json::parse(at(s.space.precisions, r.precision))},
             {"speculation", at(s.space.speculations, r.speculation).text},
             {"chunk", r.chunk < 0 ? json(nullptr) : json(at(s.space.chunks, r.chunk))},
             {"prefill", nullptr},
             {"decode", nullptr},
             {"aggregated", nullptr},
             {"words", words_of(s, r)}};
    out[r.split() ? "decode" : "aggregated"] = unit_json(s, r.decodes, r.cluster, r.layout);
    if (r.split()) out["prefill"] = unit_json(s, r.prefills, r.prefill_cluster, r.prefill_layout);
    return out;
}

json estimate_json(const Estimate& e) {
    return {{"value", e.time.base()}, {"low", e.low.base()}, {"high", e.high.base()}};
}

json best_json(const PlanAnswer& a) {
    if (!a.best) return nullptr;
    json out        = record_json(a.search, *a.best);
    out["scenario"] = planned_scenario(a.scenario, a.search, *a.best);
    out["interval"] =
        a.tpot ? json{{"tpot_s", estimate_json(*a.tpot)}, {"ttft_s", estimate_json(*a.ttft)}} : json(nullptr);
    return out;
}

json end_json(const LeverEnd& e) {
    return {{"what", e.what},
            {"tpot_s", e.tpot},
            {"ttft_s", e.ttft},
            {"tokens_per_s", e.tokens_per_s},
            {"usd_per_million_output_tokens", e.usd_per_token / 3600 * 1e6}};
}

json more_json(const PlanAnswer& a) {
    json levers = json::array(), risks = json::array(), capacities = json::array();
    for (const Lever& l : a.levers)
        levers.push_back(
            {{"name", l.name}, {"swing", l.swing}, {"low", end_json(l.low)}, {"high", end_json(l.high)}});
    for (const FamilyRisk& r : a.risks)
        risks.push_back({{"family", r.family}, {"confidence_if_known", r.chance_if_known}});
    for (const Capacity& c : a.capacities)
        capacities.push_back({{"gpus", c.gpus},
                              {"tokens_per_s", c.tokens_per_s},
                              {"clients", c.clients},
                              {"usd_per_hour", c.usd},
                              {"words", c.words}});
    json launches = json::array(), confirmed = json::array();
    for (const Confirmation& c : a.confirmed)
        confirmed.push_back({{"plan", record_json(a.search, c.record)},
                             {"requests", c.requests},
                             {"tpot_s", {{"mean", c.tpot_mean}, {"p90", c.tpot_p90}}},
                             {"ttft_s", {{"mean", c.ttft_mean}, {"p90", c.ttft_p90}}},
                             {"tokens_per_s", c.tokens_per_s},
                             {"meets_slo", c.meets_slo}});
    for (const UnitLaunch& l : a.launches)
        launches.push_back({{"engine", l.engine}, {"unit", l.unit}, {"text", l.text}, {"unsaid", l.unsaid}});
    return {{"launch", launches},
            {"confirmed", confirmed},
            {"sensitivity", levers},
            {"risks", risks},
            {"capacities", capacities}};
}

json why_json(const PlanAnswer& a) {
    json limits = json::array(), others = json::array();
    for (const LimitUse& l : a.limits)
        limits.push_back({{"limit", l.limit}, {"used", l.used}, {"what", l.what}, {"binds", l.binds}});
    for (const RunnerUp& r : a.runners_up)
        others.push_back({{"dimension", r.dimension},
                          {"value", r.value},
                          {"loss", r.loss},
                          {"plan", record_json(a.search, r.record)}});
    return {{"limits", limits}, {"runners_up", others}};
}

}  // namespace

json to_json(const PlanAnswer& a) {
    const Tally& t = a.search.tally;
    json excluded = json::object(), pareto = json::array();
    for (std::size_t i = 0; i < kExcludedCount; ++i)
        excluded[std::string(name_of(static_cast<Excluded>(i)))] = t.excluded[i];
    for (const PlanRecord& r : a.pareto) pareto.push_back(record_json(a.search, r));
    json out{{"scenario", a.scenario.name},
             {"best", best_json(a)},
             {"nearest_miss", a.nearest ? record_json(a.search, *a.nearest) : json(nullptr)},
             {"why", why_json(a)},
             {"pareto", pareto},
             {"considered", t.considered},
             {"evaluated", t.evaluated},
             {"paired", t.paired},
             {"excluded", excluded},
             {"missed", {{"tpot", t.missed_tpot}, {"ttft", t.missed_ttft}, {"size", t.missed_size}}},
             {"units", {{"prefill", t.prefill_points}, {"decode", t.decode_points}, {"steps", t.steps}}},
             {"confidence", a.best && a.tpot ? json(a.confidence) : json(nullptr)},
             {"held_against_limits", "means"}};
    out.update(more_json(a));
    return out;
}

}  // namespace isobath
