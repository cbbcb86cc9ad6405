#include "sim/served/serving_units.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Ranks under `key`; what is wrong with it is said where the layout itself is read.
int ranks(const json& in, const char* key) {
    const auto found = in.is_object() ? in.find(key) : in.end();
    const bool fine  = in.is_object() && found != in.end() && found->is_number_integer() && *found >= 1 &&
                      *found <= 1'000'000;
    return fine ? found->get<int>() : 1;
}

/// GPUs that the layout asks for: no more than a cluster can have.
int gpus_of(const json& layout) {
    const json none  = json::object();
    const auto found = layout.find("attention");
    const json& a    = found == layout.end() ? none : *found;
    const double all = double(ranks(a, "tp")) * ranks(a, "dp") * ranks(a, "cp") * ranks(layout, "pp");
    return static_cast<int>(std::min(all, 1e6));
}

/// The scenario of one phase, on as many GPUs as its layout needs.
Scenario phase_of(const Scenario& s, const char* phase, const json& layout, const DataFiles& data,
                  const std::string& shown) {
    json doc     = to_json(s);
    doc["phase"] = phase;
    doc["serving"].erase("units");
    if (!layout.is_null()) {
        doc["layout"].merge_patch(layout);
        const int gpus                  = gpus_of(doc["layout"]);
        const int per                   = std::min(gpus, s.cluster.gpus_per_node);
        doc["cluster"]["gpus_per_node"] = per;
        doc["cluster"]["nodes"]         = (gpus + per - 1) / per;
        doc["cluster"]["nvlink_domain"] = std::min(gpus, s.cluster.nvlink_domain);
    }
    if (std::string_view(phase) == "prefill") doc["speculation"]["method"] = "none";
    return read_scenario(doc.dump(), shown, data, {});
}

/// What is said of one kind of unit.
struct Group {
    json layout;
    double count = 1;
};

Group group_of(const Scenario& s, const json& units, const char* kind) {
    const std::string path = std::string("/serving/units/") + kind;
    if (!units[kind].is_object()) fail_at(s.file, path, "expected an object with count and layout");
    SpecReader in(units[kind], s.file, path);
    Group out;
    out.count  = in.integer("count", 1, 1'000'000);
    out.layout = in.has("layout") ? in.raw("layout") : json::object();
    if (!out.layout.is_object()) in.fail("layout", "expected an object, as a scenario's layout");
    in.finish();
    return out;
}

ServingUnit unit_of(const Scenario& s, const json& units, const char* phase, const DataFiles& data) {
    const std::string path = std::string("/serving/units/") + phase;
    if (!units.contains(phase))
        fail_at(s.file, path, "missing; a split deployment has prefill and decode units");
    const Group group = group_of(s, units, phase);
    return {phase_of(s, phase, group.layout, data, s.file + ": " + path), group.count};
}

/// Equal units that do both phases each.
ServingUnits aggregated_units(const Scenario& s, const json& units, const DataFiles& data) {
    if (units.empty())
        return {{phase_of(s, "prefill", {}, data, s.file), 1}, {phase_of(s, "decode", {}, data, s.file), 1}};
    const Group group       = group_of(s, units, "aggregated");
    const std::string shown = s.file + ": /serving/units/aggregated";
    return {{phase_of(s, "prefill", group.layout, data, shown), group.count},
            {phase_of(s, "decode", group.layout, data, shown), group.count}};
}

void check_keys(const Scenario& s, const json& units) {
    for (const auto& [key, unit] : units.items()) {
        const bool split = key == "prefill" || key == "decode";
        if (!split && key != "aggregated")
            fail_at(s.file, "/serving/units/" + key,
                    "unknown key; known here: prefill and decode, or aggregated");
        if (split && units.contains("aggregated"))
            fail_at(s.file, "/serving/units/" + key, "stands beside aggregated; allowed: one or the other");
    }
}

void check_room(const Scenario& s, const ServingUnits& units) {
    if (units.gpus() > s.cluster.gpus())
        fail_at(s.file, "/serving/units",
                fmt::format("units take {} GPUs, but the cluster has {}", units.gpus(), s.cluster.gpus()));
}

}  // namespace

int ServingUnits::gpus() const {
    const auto of = [](const ServingUnit& u) {
        return static_cast<int>(u.count) * u.scenario.cluster.gpus();
    };
    return split ? of(prefill) + of(decode) : of(decode);
}

ServingUnits serving_units(const Scenario& s, const DataFiles& data) {
    const json units = json::parse(s.serving.units.json);
    if (!units.is_object())
        fail_at(s.file, "/serving/units", "expected an object with prefill and decode units");
    check_keys(s, units);
    if (units.empty() || units.contains("aggregated")) {
        const ServingUnits out = aggregated_units(s, units, data);
        check_room(s, out);
        return out;
    }
    ServingUnits out;
    out.split   = true;
    out.prefill = unit_of(s, units, "prefill", data);
    out.decode  = unit_of(s, units, "decode", data);
    check_room(s, out);
    return out;
}

}  // namespace isobath
