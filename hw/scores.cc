#include "hw/scores.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace isobath {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostPoints = 60;

/// Four digits: what a score is worth.
double rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return std::stod(text);
}

Scores read_scores(SpecReader in) {
    Scores out;
    out.rows     = in.integer("rows");
    out.median   = in.number("median");
    out.p90      = in.number("p90");
    out.worst    = in.number("worst");
    out.worst_at = in.text("worst_at");
    out.coverage = in.number("coverage", 0, 1);
    out.width    = in.number("width");
    in.finish();
    return out;
}

Json entry(const Scores& s) {
    return {{"rows", s.rows},           {"median", rounded(s.median)},
            {"p90", rounded(s.p90)},    {"worst", rounded(s.worst)},
            {"worst_at", s.worst_at},   {"coverage", rounded(s.coverage)},
            {"width", rounded(s.width)}};
}

ScoredPoint read_point(const SpecReader& in, const nlohmann::json& pair) {
    const bool fine = pair.is_array() && pair.size() == 2 && pair[0].is_number() && pair[1].is_number() &&
                      pair[0].get<double>() > 0 && pair[1].get<double>() > 0;
    if (!fine) in.fail("sample", "expected pairs [measured, fitted] of microseconds above 0");
    return {pair[0].get<double>(), pair[1].get<double>()};
}

}  // namespace

UnseenScores read_unseen(SpecReader in) {
    UnseenScores out;
    out.constants = in.integer("constants");
    if (in.has("held_back")) out.held_back = read_scores(in.object("held_back"));
    if (in.has("sites_left_out")) out.sites_left_out = read_scores(in.object("sites_left_out"));
    if (in.has("sample")) {
        const nlohmann::json& pairs = in.raw("sample");
        if (!pairs.is_array() || pairs.size() > kMostPoints)
            in.fail("sample", "expected an array of at most 60 pairs");
        for (const nlohmann::json& pair : pairs) out.sample.push_back(read_point(in, pair));
    }
    in.finish();
    return out;
}

Json to_json(const UnseenScores& scores) {
    Json out{{"constants", scores.constants}};
    if (scores.held_back.rows > 0) out["held_back"] = entry(scores.held_back);
    if (scores.sites_left_out.rows > 0) out["sites_left_out"] = entry(scores.sites_left_out);
    if (scores.sample.empty()) return out;
    out["sample"] = Json::array();
    for (const ScoredPoint& point : scores.sample)
        out["sample"].push_back({rounded(point.measured_us), rounded(point.fitted_us)});
    return out;
}

}  // namespace isobath
