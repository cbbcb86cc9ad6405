#include "sim/served/constants.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

double number_of(const json& value) {
    return value.is_string() ? parse_quantity<Seconds>(value.get<std::string>()).base() : value.get<double>();
}

json like(const json& old, double value) {
    return old.is_string() ? json(fmt::format("{:.15g} us", value * 1e6)) : json(value);
}

double figure(SpecReader& in, const char* key) {
    const json& value = in.raw(key);
    return number_of(value);
}

}  // namespace

std::vector<ServedConstant> read_served_constants(const json& doc, const std::string& file) {
    std::vector<ServedConstant> out;
    SpecReader all(doc, file);
    all.each("parameters", [&](SpecReader& in) {
        ServedConstant c;
        c.name  = in.text("name");
        c.file  = in.text("file");
        c.at    = in.text("at");
        c.start = figure(in, "start");
        c.low   = in.has("low") ? figure(in, "low") : c.start;
        c.high  = in.has("high") ? figure(in, "high") : c.start;
        c.prior = in.number_or("prior", 0);
        c.value = c.value_low = c.value_high = c.start;
        if (in.has("also"))
            for (const json& place : in.raw("also")) c.also.push_back(place.get<std::string>());
        in.finish();
        out.push_back(c);
    });
    return out;
}

namespace {

void put_at(json& doc, const std::string& at, const ServedConstant& c, double value) {
    json& f            = doc.at(json::json_pointer(at));
    const double old   = number_of(f.at("value"));
    const double ratio = old > 0 ? value / old : 1;
    const double most  = c.high > c.low ? std::max(c.high, value) : 1e300;
    for (const char* end : {"low", "high"}) {
        if (!f.contains(end)) continue;
        const double moved = number_of(f[end]) * ratio;
        f[end]             = like(
                        f[end], end[0] == 'l' ? std::min(moved, value) : std::clamp(moved, value, std::max(value, most)));
    }
    f["value"] = like(f["value"], value);
}

}  // namespace

void put_constant(json& doc, const ServedConstant& c, double value) {
    put_at(doc, c.at, c, value);
    for (const std::string& place : c.also) put_at(doc, place, c, value);
}

DataFiles with_constants(const DataFiles& data, std::span<const ServedConstant> constants) {
    std::map<std::string, json> docs;
    for (const ServedConstant& c : constants) {
        if (!docs.contains(c.file)) {
            const auto text = data.find(c.file);
            if (!text) fail_at(c.file, "/", "no such data file");
            docs[c.file] = parse_json(*text, c.file);
        }
        put_constant(docs[c.file], c, c.value);
    }
    DataFiles out = data;
    for (const auto& [file, doc] : docs) out.replace(file, doc.dump());
    return out;
}

}  // namespace isobath
