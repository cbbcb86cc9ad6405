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

ServingUnit unit_of(const Scenario& s, const json& units, const char* phase, const DataFiles& data) {
    const std::string path = std::string("/serving/units/") + phase;
    if (!units.contains(phase))
        fail_at(s.file, path, "missing; a split deployment has prefill and decode units");
    if (!units[phase].is_object()) fail_at(s.file, path, "expected an object with count and layout");
    SpecReader in(units[phase], s.file, path);
    const double count = in.number("count", 1, 1e6);
    const json layout  = in.raw("layout");
    if (!layout.is_object()) in.fail("layout", "expected an object, as a scenario's layout");
    in.finish();
    return {phase_of(s, phase, layout, data, s.file + ": " + path), count};
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
    ServingUnits out;
    out.split = !units.empty();
    if (!out.split) {
        out.prefill = {phase_of(s, "prefill", {}, data, s.file), 1};
        out.decode  = {phase_of(s, "decode", {}, data, s.file), 1};
        return out;
    }
    out.prefill = unit_of(s, units, "prefill", data);
    out.decode  = unit_of(s, units, "decode", data);
    if (out.gpus() > s.cluster.gpus())
        fail_at(s.file, "/serving/units",
                fmt::format("units take {} GPUs, but the cluster has {}", out.gpus(), s.cluster.gpus()));
    return out;
}

}  // namespace isobath
