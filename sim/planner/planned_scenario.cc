#include "sim/planner/planned_scenario.h"

#include <nlohmann/json.hpp>

#include "sim/scenario_fields.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

std::string_view word(const char* field, int value) {
    return find_field(field)->choices[static_cast<std::size_t>(value)];
}

const UnitLayout& unit(const PlanSearch& s, int cluster, int layout) {
    return s.space.clusters[static_cast<std::size_t>(cluster)].layouts[static_cast<std::size_t>(layout)];
}

json units_json(const PlanSearch& s, const PlanRecord& r) {
    const auto one = [&](int count, int cluster, int layout) {
        return json{{"count", count}, {"layout", layout_json(unit(s, cluster, layout).layout)}};
    };
    const json decodes = one(r.decodes, r.cluster, r.layout);
    if (!r.split()) return {{"aggregated", decodes}};
    return {{"prefill", one(r.prefills, r.prefill_cluster, r.prefill_layout)}, {"decode", decodes}};
}

bool has_redundant(const PlanSearch& s, const PlanRecord& r) {
    return unit(s, r.cluster, r.layout).layout.redundant > 0 ||
           (r.split() && unit(s, r.prefill_cluster, r.prefill_layout).layout.redundant > 0);
}

/// GPUs of the units that work.
int working_gpus(const PlanSearch& s, const PlanRecord& r) {
    const int decode = r.decodes * unit(s, r.cluster, r.layout).gpus;
    return r.split() ? decode + r.prefills * unit(s, r.prefill_cluster, r.prefill_layout).gpus : decode;
}

void put_cluster(const Scenario& asked, const PlanSearch& s, const PlanRecord& r, json& doc) {
    const ClusterChoice& c = s.space.clusters[static_cast<std::size_t>(r.cluster)];
    if (!c.name.empty()) doc["cluster"] = {{"extends", c.name}};
    if (!c.name.empty() && asked.usd_per_gpu_hour < 0) doc.erase("price");
    doc["cluster"]["nodes"] = (working_gpus(s, r) + c.gpus_per_node - 1) / c.gpus_per_node;
}

void put_speculation(const SpeculationChoice& c, json& doc) {
    doc["speculation"]["method"] = word("/speculation/method", static_cast<int>(c.method));
    if (c.depth > 0) doc["speculation"]["depth"] = c.depth;
    doc["speculation"]["use"] = "on";
}

}  // namespace

json layout_json(const Layout& l) {
    return {{"attention", {{"tp", l.attention_tp}, {"dp", l.attention_dp}, {"cp", l.attention_cp}}},
            {"experts", {{"ep", l.ep}, {"tp", l.expert_tp}, {"redundant", l.redundant}}},
            {"pp", l.pp},
            {"overlap", word("/layout/overlap", static_cast<int>(l.overlap))},
            {"comm", word("/layout/comm", static_cast<int>(l.comm))}};
}

json planned_scenario(const Scenario& asked, const PlanSearch& s, const PlanRecord& r) {
    if (r.split() && r.cluster != r.prefill_cluster) return nullptr;
    json doc = to_json(asked);
    doc.erase("layout");
    doc.erase("plan");
    put_cluster(asked, s, r, doc);
    doc["precision"] = json::parse(s.space.precisions[static_cast<std::size_t>(r.precision)]);
    put_speculation(s.space.speculations[static_cast<std::size_t>(r.speculation)], doc);
    doc["serving"]["units"] = units_json(s, r);
    if (!r.split()) doc["serving"]["chunk"] = s.space.chunks[static_cast<std::size_t>(r.chunk)];
    if (has_redundant(s, r) && asked.placement == Balancer::none && asked.popularity != "uniform")
        doc["routing"]["placement"] = "eplb";
    // Closed-form figures are those of a closed loop; a rate stays beside it for the simulation.
    doc["workload"]["concurrency"] = r.clients;
    if (s.question.kind == DemandKind::requests) doc["workload"]["requests_per_client"] = 1e9;
    return doc;
}

}  // namespace isobath
