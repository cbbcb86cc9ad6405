#include <nlohmann/json.hpp>

#include "sim/balance/balance.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

json variant_json(const PlacedVariant& v) {
    return {{"name", v.name},
            {"placement", to_string(v.placement)},
            {"redundant", v.redundant},
            {"mean_over_max", v.mean_over_max},
            {"max_over_mean", v.max_over_mean},
            {"max_over_mean_tokens", v.max_over_mean_tokens},
            {"max_over_mean_time", v.max_over_mean_time},
            {"step_s", v.step.base()},
            {"experts_s", v.experts.base()},
            {"tokens_per_s_per_gpu", v.tokens_per_s_gpu},
            {"expert_weights", v.expert_weights.base()},
            {"weights", v.weights.base()},
            {"free", v.free.base()},
            {"fits", v.fits}};
}

json list(const std::vector<PlacedVariant>& variants) {
    json out = json::array();
    for (const PlacedVariant& v : variants) out.push_back(variant_json(v));
    return out;
}

json hottest_json(const LoadSummary& load) {
    json out = json::array();
    for (const HotExpert& h : load.hottest)
        out.push_back({{"layer", h.layer}, {"expert", h.expert}, {"over_mean", h.over_mean}});
    return out;
}

json layers_json(const Balance& b) {
    json out = json::array();
    for (const LayerBalance& l : b.layers)
        out.push_back({{"layer", l.layer},
                       {"hottest_over_mean", l.hottest_over_mean},
                       {"before_mean_over_max", l.before},
                       {"mean_over_max", l.after},
                       {"in_distribution_mean_over_max", l.in_distribution},
                       {"busiest_rank", l.busiest}});
    return out;
}

json ranks_json(const Balance& b) {
    json out = json::array();
    for (const RankBalance& r : b.ranks)
        out.push_back({{"rank", r.rank},
                       {"node", r.node},
                       {"before_over_mean", r.before},
                       {"tokens_over_mean", r.after},
                       {"worst_over_mean", r.worst},
                       {"worst_layer", r.worst_layer}});
    return out;
}

json way_json(const SampledWay& way, Seconds kernel) {
    json ports = json::array();
    for (const PortClass& p : way.ports)
        ports.push_back({{"name", p.name},
                         {"mean", p.mean.base()},
                         {"busiest", p.busiest.base()},
                         {"busiest_over_mean", p.busiest_over_mean()},
                         {"utilisation", p.utilisation}});
    return {{"ports", ports},
            {"bottleneck_s", way.bottleneck.base()},
            {"fluid_s", way.fluid.base()},
            {"kernel_s", kernel.base()}};
}

json network_json(const Balance& b) {
    if (!b.network) return nullptr;
    const DispatchSample& n = *b.network;
    return {{"layer", n.layer},
            {"tokens_per_gpu", n.tokens},
            {"sampled_per_gpu", n.sampled},
            {"mode", name_of(n.mode)},
            {"distinct_ranks", n.distinct_ranks},
            {"distinct_nodes", n.distinct_nodes},
            {"density", n.density},
            {"tier", n.tier == NetworkTier::fluid ? "fluid" : "bottleneck"},
            {"dispatch", way_json(n.dispatch, n.kernel_dispatch)},
            {"combine", way_json(n.combine, n.kernel_combine)},
            {"rows_max_over_mean", n.rows_max_over_mean},
            {"padding_mean", n.padding_mean},
            {"padding_busiest_rank", n.padding_busiest_rank}};
}

json drift_json(const Balance& b) {
    if (!b.drift) return nullptr;
    const DriftReport& d = *b.drift;
    json intervals       = json::array();
    for (std::size_t i = 0; i < d.result.at_start.size(); ++i)
        intervals.push_back({{"at_s", double(i) * d.spec.interval.base()},
                             {"mean_over_max_start", d.result.at_start[i]},
                             {"mean_over_max_end", d.result.at_end[i]}});
    return {{"to", d.to},
            {"drift_s", d.spec.drift.base()},
            {"interval_s", d.spec.interval.base()},
            {"window_s", d.spec.window.base()},
            {"mean_over_max", d.result.mean_over_max},
            {"fresh_mean_over_max", d.result.fresh},
            {"moved_per_gpu", d.result.moved_per_gpu.base()},
            {"experts_moved", d.copies_moved},
            {"bandwidth", d.bandwidth.base()},
            {"pause_s", d.result.pause.base()},
            {"kept", d.result.kept},
            {"intervals", intervals}};
}

json training_json(const Balance& b) {
    json out = json::array();
    for (const TrainingReport& t : b.training) {
        json steps = json::array();
        for (const TrainingStep& s : t.result.steps)
            steps.push_back({{"max_violation", s.max_violation},
                             {"max_load_kept", s.max_load_kept},
                             {"dropped", s.dropped},
                             {"sequence_violation", s.sequence_violation}});
        out.push_back({{"method", t.method},
                       {"alpha", t.spec.alpha},
                       {"gamma", t.spec.gamma},
                       {"capacity", t.spec.capacity_factor},
                       {"settled_violation", settled_violation(t.result)},
                       {"lasting_violation", lasting_violation(t.result)},
                       {"load", t.result.load},
                       {"steps", steps}});
    }
    return out;
}

}  // namespace

json to_json(const Balance& b) {
    const PlacedVariant& planned = b.as_planned();
    const Scenario& s            = b.of.scenario;
    return {{"scenario", s.name},
            {"notes", b.of.notes},
            {"load",
             {{"popularity", s.popularity},
              {"source", b.load.source},
              {"layers", b.load.layers},
              {"experts", b.load.experts},
              {"hottest_over_mean", b.load.hottest_over_mean},
              {"deviation_over_mean", b.load.deviation_over_mean},
              {"idle", b.load.idle}}},
            {"ranks", s.layout.ep},
            {"placement", to_string(s.placement)},
            {"planned_on", s.planned_on},
            {"before", b.maps.before_name},
            {"max_over_mean_tokens", planned.max_over_mean_tokens},
            {"max_over_mean_time", planned.max_over_mean_time},
            {"mean_over_max", planned.mean_over_max},
            {"variants", list(b.variants)},
            {"slots", list(b.slots)},
            {"per_layer", layers_json(b)},
            {"per_rank", ranks_json(b)},
            {"hottest", hottest_json(b.load)},
            {"network", network_json(b)},
            {"drift", drift_json(b)},
            {"training", training_json(b)}};
}

}  // namespace isobath
