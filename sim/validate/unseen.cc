#include "sim/validate/unseen.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hw/calibration.h"
#include "hw/comm_library.h"

namespace isobath {
namespace {

using nlohmann::json;

void add_calibration(const Calibration& calibration, std::vector<UnseenRow>& out) {
    each_family(calibration, [&](const std::string& key, const auto& family) {
        for (const auto& each : family.implementations)
            if (each.unseen)
                out.push_back({calibration.gpu, key, each.name, each.name == family.preferred, *each.unseen,
                               goal_of(key)});
    });
}

void add_comm(const CommLibrary& library, std::vector<UnseenRow>& out) {
    for (const CommScore& score : library.fitted.scores)
        out.push_back({score.gpu, score.family, library.name, true, score.unseen, goal_of(score.family)});
}

bool starts(const std::string& text, std::initializer_list<const char*> any) {
    return std::any_of(any.begin(), any.end(), [&](const char* word) { return text.starts_with(word); });
}

json scores_json(const UnseenRow& row, const Scores& s) {
    return {{"rows", s.rows},
            {"median", s.median},
            {"p90", s.p90},
            {"worst", s.worst},
            {"worst_at", s.worst_at},
            {"coverage", s.coverage},
            {"width", s.width},
            {"holds", row.goal && s.rows > 0 ? json(holds(*row.goal, s)) : json()},
            {"interval_holds", s.rows > 0 ? json(interval_holds(s)) : json()}};
}

}  // namespace

std::optional<Goal> goal_of(const std::string& family) {
    if (starts(family, {"grouped_gemm", "grouped_contiguous", "fused_moe"})) return Goal{0.10, 0.25};
    if (starts(family, {"gemm_", "batched_gemm", "mla_decode", "flash_prefill"})) return Goal{0.06, 0.15};
    if (family == "all_reduce") return Goal{0.10, 0.20};
    if (starts(family, {"deepep"})) return Goal{0.06, 0.12};
    return std::nullopt;
}

bool holds(const Goal& goal, const Scores& scores) {
    return scores.median <= goal.median && scores.p90 <= goal.p90;
}

bool interval_holds(const Scores& scores) {
    return kLeastInside <= scores.coverage && scores.coverage <= kMostInside && scores.width <= kWidest;
}

std::vector<UnseenRow> unseen_rows(const DataFiles& data) {
    std::vector<UnseenRow> out;
    for (const std::string& name : calibration_names())
        if (name != "none") add_calibration(load_calibration(data, name), out);
    for (const std::string& name : data.names("scenarios/comm")) add_comm(load_comm_library(data, name), out);
    return out;
}

json to_json(const std::vector<UnseenRow>& rows) {
    json out = json::array();
    for (const UnseenRow& row : rows)
        out.push_back({{"gpu", row.gpu},
                       {"family", row.family},
                       {"implementation", row.implementation},
                       {"preferred", row.preferred},
                       {"constants", row.scores.constants},
                       {"goal_median", row.goal ? json(row.goal->median) : json()},
                       {"goal_p90", row.goal ? json(row.goal->p90) : json()},
                       {"held_back", scores_json(row, row.scores.held_back)},
                       {"sites_left_out", scores_json(row, row.scores.sites_left_out)}});
    return out;
}

}  // namespace isobath
