#include "sim/planner/bases.h"

#include <nlohmann/json.hpp>

#include "sim/resolve.h"
#include "sim/resolve_routing.h"
#include "sim/scenario_fields.h"
#include "sim/scenario_reader.h"

namespace isobath {

using nlohmann::json;

Scenario base_scenario(const Scenario& s, const BaseKey& key, const DataFiles& data) {
    json doc         = to_json(s);
    doc["phase"]     = "serve";
    doc["precision"] = json::parse(key.precision);
    if (!key.cluster.empty()) {
        doc["cluster"] = key.cluster;
        if (s.usd_per_gpu_hour < 0) doc.erase("price");
    }
    const SpeculationChoice& c = key.speculation;
    doc["speculation"]["method"] =
        find_field("/speculation/method")->choices[static_cast<std::size_t>(c.method)];
    if (c.depth > 0) doc["speculation"]["depth"] = c.depth;
    doc["speculation"]["use"] = "on";
    // Units of their own: each layout is judged by itself, later.
    doc["serving"]["units"] = {{"aggregated", {{"count", 1}}}};
    Scenario out            = read_scenario(doc.dump(), s.file, data, {});
    out.usd_per_gpu_hour    = s.usd_per_gpu_hour;
    return out;
}

Scenario placed_scenario(const Scenario& base, const DataFiles& data) {
    Scenario s = base;
    if (s.placement == Balancer::none) s.placement = Balancer::eplb;
    if (!s.load && s.model.moe) resolve_routing(s, data, Origin(s.file, {}));
    return s;
}

}  // namespace isobath
