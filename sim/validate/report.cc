#include "sim/validate/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace isobath {
namespace {

using nlohmann::json;

const std::vector<std::string> kLevels{"closed-form", "kernel", "collective", "layer",
                                       "step",        "system", "served"};

json to_json(const Summary& s) {
    return {{"n", s.n},
            {"median_abs_error", s.median_abs_error},
            {"p90_abs_error", s.p90_abs_error},
            {"with_interval", s.with_interval},
            {"within_interval", s.covered}};
}

/// One side of the groups, by name; those without points are left out.
json side(const std::vector<Group>& groups, Summary Group::*summary) {
    json out = json::object();
    for (const Group& group : groups)
        if ((group.*summary).n > 0) out[group.name] = to_json(group.*summary);
    return out;
}

json both_sides(const std::vector<Group>& groups) {
    json out = json::array();
    for (const Group& group : groups)
        out.push_back({{"name", group.name},
                       {"judged", to_json(group.judged)},
                       {"in_sample", to_json(group.in_sample)}});
    return out;
}

json point_json(const PointResult& r) {
    return {{"id", r.point.id},
            {"level", r.point.level},
            {"gpu", r.point.gpu},
            {"unit", r.point.unit},
            {"predicted", r.predicted.value},
            {"low", r.predicted.low},
            {"high", r.predicted.high},
            {"published", r.point.value},
            {"reading_error", r.point.reading_error},
            {"error", r.error},
            {"source", r.point.source},
            {"used_in_fit", r.point.used_in_fit}};
}

bool wanted(const ValidationPoint& point, const std::vector<std::string>& prefixes) {
    const auto begins = [&](const std::string& prefix) { return point.id.starts_with(prefix); };
    return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), begins);
}

void summarise(ValidationReport& report) {
    report.levels = groups_by(
        report.results, [](const auto& point) { return point.level; }, kLevels);
    report.gpus =
        groups_by(report.results, [](const auto& point) { return point.gpu.empty() ? "none" : point.gpu; });
    report.publishers = groups_by(report.results, publisher_of);
    report.worst      = worst_of(report.results);
}

}  // namespace

ValidationReport validate(const DataFiles& data, const std::vector<std::string>& prefixes) {
    ValidationReport report;
    Predictor predictor(data);
    for (const ValidationPoint& point : load_points(data)) {
        if (!wanted(point, prefixes)) continue;
        if (const auto p = predictor.predict(point))
            report.results.push_back({point, *p, p->value / point.value - 1});
        else
            report.waiting.push_back(point);
    }
    summarise(report);
    if (prefixes.empty()) report.unseen = unseen_rows(data);
    report.carried = carried_rows(report.results, data);
    report.more    = extra_tables(report, data);
    return report;
}

json to_json(const ValidationReport& report) {
    json points = json::array(), waiting = json::array(), worst = json::array();
    for (const PointResult& r : report.results) points.push_back(point_json(r));
    for (const ValidationPoint& p : report.waiting) waiting.push_back(p.id);
    for (const PointResult& r : report.worst) worst.push_back({{"id", r.point.id}, {"error", r.error}});
    return {{"points", points},
            {"waiting", waiting},
            {"summary", side(report.levels, &Group::judged)},
            {"summary_fit", side(report.levels, &Group::in_sample)},
            {"summary_by_gpu", both_sides(report.gpus)},
            {"summary_by_source", both_sides(report.publishers)},
            {"worst", worst},
            {"unseen_kernels", to_json(report.unseen)}};
}

}  // namespace isobath
