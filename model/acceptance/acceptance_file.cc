#include "model/acceptance/acceptance_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr const char* kNotCurve = "expected chances between 0 and 1 that never rise with depth";

std::vector<double> read_numbers(SpecReader& in, const std::string& key, double most) {
    const json& list = in.raw(key);
    if (!list.is_array() || list.empty() || list.size() > 64)
        in.fail(key, "expected a list of 1 to 64 numbers");
    std::vector<double> out;
    for (const json& one : list) {
        if (!one.is_number() || !(one.get<double>() >= 0 && one.get<double>() <= most))
            in.fail(key, most > 1 ? "expected tokens per step, 1 and more" : kNotCurve);
        out.push_back(one.get<double>());
    }
    return out;
}

std::vector<double> read_curve(SpecReader& in, const std::string& key) {
    const std::vector<double> out = read_numbers(in, key, 1);
    if (!std::is_sorted(out.rbegin(), out.rend())) in.fail(key, kNotCurve);
    return out;
}

/// An end of the interval: as long as the curve and on its side.
std::vector<double> read_end(SpecReader& in, const std::string& key, const Acceptance& curve, int side) {
    if (!in.has(key)) return curve.survival;
    std::vector<double> end = read_curve(in, key);
    if (end.size() != curve.survival.size()) in.fail(key, "expected one number for each of /survival");
    for (std::size_t i = 0; i < end.size(); ++i)
        if (side * (end[i] - curve.survival[i]) < 0) in.fail(key, "expected low <= survival <= high");
    return end;
}

void read_ranks(SpecReader& in, AcceptanceFile& out) {
    if (!in.has("ranks")) return;
    const json& rows = in.raw("ranks");
    if (!rows.is_array()) in.fail("ranks", "expected a list for each head");
    for (const json& row : rows) {
        if (!row.is_array()) in.fail("ranks", "expected a list for each head");
        out.ranks.emplace_back();
        double last = 0;
        for (const json& one : row) {
            if (!one.is_number() || one.get<double>() < last || one.get<double>() > 1)
                in.fail("ranks", "expected accuracies between 0 and 1 that never fall with the rank");
            out.ranks.back().push_back(last = one.get<double>());
        }
    }
}

}  // namespace

AcceptanceFile read_acceptance(const json& value, const std::string& file) {
    SpecReader in(value, file);
    AcceptanceFile out;
    out.title          = in.text("title", "");
    out.method         = in.text("method", "");
    out.model          = in.text("model", "");
    out.conditions     = in.text("conditions", "");
    out.curve.survival = read_curve(in, "survival");
    out.curve.low      = read_end(in, "low", out.curve, -1);
    out.curve.high     = read_end(in, "high", out.curve, +1);
    out.curve.source   = in.text("source");
    out.curve.derived  = in.flag_or("derived", false);
    out.curve.measured = in.integer_or("measured", out.curve.depth(), 0, 64);
    if (in.has("lengths")) out.lengths = read_numbers(in, "lengths", 65);
    read_ranks(in, out);
    in.finish();
    return out;
}

json to_json(const AcceptanceFile& p) {
    json out{{"title", p.title},           {"method", p.method},           {"model", p.model},
             {"conditions", p.conditions}, {"survival", p.curve.survival}, {"low", p.curve.low},
             {"high", p.curve.high},       {"measured", p.curve.measured}, {"source", p.curve.source}};
    if (p.curve.derived) out["derived"] = true;
    if (!p.lengths.empty()) out["lengths"] = p.lengths;
    if (!p.ranks.empty()) out["ranks"] = p.ranks;
    return out;
}

}  // namespace isobath
