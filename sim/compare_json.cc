// A comparison as JSON: keys are a contract, values are SI.
#include <nlohmann/json.hpp>

#include "sim/compare.h"

namespace isobath {
namespace {

using nlohmann::json;

json value(const std::string& text) {
    return text.empty() ? json() : json::parse(text);
}

json metrics_json(const std::vector<MetricChange>& all) {
    json out = json::array();
    for (const MetricChange& m : all)
        out.push_back({{"name", m.name},
                       {"unit", m.unit},
                       {"a", m.a},
                       {"b", m.b},
                       {"ratio", m.has_ratio() ? json(m.ratio()) : json()}});
    return out;
}

json total_json(const OpTotal& t) {
    if (!t.present) return {};
    return {{"count", t.count}, {"time_s", t.time}, {"flop", t.flop},
            {"bytes", t.bytes}, {"bound", t.bound}, {"source", t.source}};
}

}  // namespace

nlohmann::json to_json(const Comparison& c) {
    json fields = json::array(), ops = json::array();
    for (const FieldChange& f : c.fields)
        fields.push_back({{"path", f.path}, {"a", value(f.a)}, {"b", value(f.b)}});
    for (const OpChange& op : c.ops)
        ops.push_back({{"name", op.name},
                       {"a", total_json(op.a)},
                       {"b", total_json(op.b)},
                       {"change_s", op.change()},
                       {"ratio", op.a.time > 0 ? json(op.b.time / op.a.time) : json()},
                       {"reasons", op.reasons}});
    return {{"fits", c.fits},
            {"fields", fields},
            {"metrics", metrics_json(c.metrics)},
            {"parts", metrics_json(c.parts)},
            {"ops", ops}};
}

}  // namespace isobath
