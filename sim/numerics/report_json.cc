// The report as one JSON object; its schema is scenarios/schema/numerics.json.
#include <nlohmann/json.hpp>

#include "sim/numerics/report.h"

namespace isobath {
namespace {

using nlohmann::json;
using namespace numerics;

json error_json(const RelativeError& e) {
    return {{"max", e.max}, {"rms", e.rms}};
}

json with(json a, const json& b) {
    a.update(b);
    return a;
}

json stack_json(const StackNoise& n) {
    return {{"value", n.hidden}, {"low", n.low}, {"high", n.high}, {"source", "assumed"}};
}

json router_json(const RouterError& e) {
    return {{"flipped_tokens", e.flipped_tokens}, {"flips", e.flips}, {"weight_moved", e.weight_moved}};
}

json parts_json(const NumericsReport& r) {
    json out = json::array();
    for (const PartError& p : r.parts)
        out.push_back(with(error_json(p.error), {{"component", p.component},
                                                 {"name", p.name},
                                                 {"k", p.k},
                                                 {"format", name_of(p.format)},
                                                 {"saturated", p.saturated},
                                                 {"flushed", p.flushed}}));
    return out;
}

json by_k_json(const NumericsReport& r) {
    json out = json::array();
    for (const FormatAtK& f : r.by_k)
        out.push_back(with(error_json(f.error), {{"format", name_of(f.format)}, {"k", f.k}}));
    return out;
}

json accumulation_json(const NumericsReport& r) {
    json out = json::array();
    for (const AccumulationAtK& a : r.accumulation)
        out.push_back(with(error_json(a.error), {{"inputs", a.inputs}, {"how", a.how}, {"k", a.k}}));
    return out;
}

json attention_json(const NumericsReport& r) {
    json out = json::array();
    for (const AttentionCurve& curve : r.attention) {
        json points = json::array();
        for (const AttentionError& p : curve.points)
            points.push_back(with(error_json(p.error), {{"context", p.context},
                                                        {"saturated", p.cache.saturated_share()},
                                                        {"flushed", p.cache.flushed_share()}}));
        out.push_back({{"name", curve.name}, {"of_policy", curve.of_policy}, {"points", points}});
    }
    return out;
}

json positions_json(const NumericsReport& r) {
    json out = json::array();
    for (const PositionLoss& p : r.positions)
        out.push_back({{"position", p.position},
                       {"exact", p.at.exact},
                       {"noise_on_target", p.at.target},
                       {"noise_on_draft", p.at.draft},
                       {"noise_on_both", p.at.both},
                       {"total_variation", p.at.total_variation},
                       {"loss", p.loss},
                       {"low", p.low},
                       {"high", p.high},
                       {"source", "assumed"}});
    return out;
}

json pairs_json(const NumericsReport& r) {
    json out = json::array();
    for (std::size_t i = 0; i < r.pairs.size(); ++i) {
        const PrecisionPair& p = r.pairs[i];
        out.push_back({{"id", p.id},
                       {"changed", name_of(p.changed)},
                       {"from", p.from.format},
                       {"to", p.to.format},
                       {"from_acceptance", p.from.acceptance},
                       {"to_acceptance", p.to.acceptance},
                       {"loss", p.loss()},
                       {"constant_rule", r.residuals[i].constant},
                       {"noise_rule", r.residuals[i].noise},
                       {"source", p.source}});
    }
    return out;
}

}  // namespace

json to_json(const NumericsReport& r) {
    return {{"policy", r.request.policy.name},
            {"model", r.request.model.name},
            {"seed", r.request.sample.seed},
            {"products", parts_json(r)},
            {"by_k", by_k_json(r)},
            {"accumulation", accumulation_json(r)},
            {"attention", attention_json(r)},
            {"router",
             {{"own", router_json(r.router_own)},
              {"under_noise", router_json(r.router_mid)},
              {"under_noise_low", router_json(r.router_low)},
              {"under_noise_high", router_json(r.router_high)}}},
            {"hidden", stack_json(r.hidden)},
            {"logits", with(stack_json(r.logits), {{"draft", r.draft_noise}})},
            {"acceptance",
             {{"given_logits", r.request.logits.has_value()},
              {"positions", positions_json(r)},
              {"predicted",
               {{"loss", r.predicted},
                {"low", r.predicted_low},
                {"high", r.predicted_high},
                {"source", "assumed"},
                {"note",
                 "no controlled measurement exists; the interval spans the measured pairs, if "
                 "cache or weights are in fewer than 16 bits"}}}}},
            {"measured_pairs",
             {{"constant", r.rules.constant},
              {"slope", r.rules.slope},
              {"constant_residual", r.rules.constant_residual},
              {"noise_residual", r.rules.noise_residual},
              {"rule", r.rules.noise_wins() ? "noise" : "constant"},
              {"pairs", pairs_json(r)}}}};
}

}  // namespace isobath
