#include "sim/validate/carried.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include <fmt/format.h>

#include "hw/gpu.h"
#include "model/calibrate/judge.h"
#include "sim/validate/evaluators.h"
#include "sim/validate/kernel_op.h"

namespace isobath {
namespace {

/// Between an older GPU of the same architecture and a newer one of the next.
constexpr const char* kLeftOut = "h200";

std::vector<Calibration> others(const DataFiles& data) {
    return {load_calibration(data, "h100"), load_calibration(data, "b200")};
}

template <class Visit>
void on_family(const Calibration& calibration, const std::string& name, Visit visit) {
    each_family(calibration, [&](const std::string& key, const auto& family) {
        if (key == name) visit(family);
    });
}

/// The library's own constants there if it has them, else the default's; nothing without the family.
std::optional<Estimate> one(const Calibration& from, const GpuSpec& gpu, const Op& op,
                            const std::string& implementation) {
    const std::string family = family_for(op, from);
    bool held = false, same = false;
    on_family(from, family, [&](const auto& each) {
        held = each.find() != nullptr;
        same = each.find(implementation) != nullptr;
    });
    if (!held) return std::nullopt;
    return as_benchmarked(from, gpu, family, same ? implementation : "", op);
}

/// The geometric mean of what the others say, and of their intervals.
std::optional<Estimate> mean(const std::vector<Calibration>& from, const GpuSpec& gpu,
                             const nlohmann::json& predict) {
    const Op op = kernel_op(predict["kernel"]);
    double time = 0, low = 0, high = 0;
    for (const Calibration& calibration : from) {
        const auto t = one(calibration, gpu, op, predict.value("implementation", std::string()));
        if (!t) return std::nullopt;
        time += std::log(t->time.base()) / double(from.size());
        low += std::log(t->low.base()) / double(from.size());
        high += std::log(t->high.base()) / double(from.size());
    }
    return Estimate{Seconds{std::exp(time)}, Seconds{std::exp(low)}, Seconds{std::exp(high)},
                    Source::assumed};
}

PointResult with(const PointResult& r, const Estimate& t) {
    const double si = si_per(r.point.unit);
    const Predicted p{t.time.base() / si, t.low.base() / si, t.high.base() / si};
    return {r.point, p, p.value / r.point.value - 1};
}

std::string inside(const Summary& s) {
    return fmt::format("{} of {}", s.covered, s.with_interval);
}

}  // namespace

std::vector<CarriedRow> carried_rows(const std::vector<PointResult>& results, const DataFiles& data) {
    struct Lists {
        std::vector<PointResult> own, carried;
    };
    std::map<std::string, Lists> families;
    const std::vector<Calibration> from = others(data);
    const GpuSpec gpu                   = load_gpu(data, kLeftOut);
    for (const PointResult& r : results) {
        const nlohmann::json& how = *r.point.predict;
        if (how.value("calibration", std::string()) != kLeftOut) continue;
        const auto t = mean(from, gpu, how);
        if (!t) continue;
        Lists& lists = families[family_for(kernel_op(how["kernel"]), from.front())];
        lists.own.push_back(r);
        lists.carried.push_back(with(r, *t));
    }
    std::vector<CarriedRow> out;
    for (const auto& [family, lists] : families)
        out.push_back({family, summary_of(lists.own), summary_of(lists.carried)});
    return out;
}

ReportTable carried_table(const std::vector<CarriedRow>& rows) {
    ReportTable out{"What a user gets on hardware nobody measured: H200 by H100's and B200's shares of peak",
                    "geometric mean of both on H200's data sheet, marked assumed; beside it H200's own fit",
                    {"family", "n", "median", "p90", "inside 80 %", "own median", "own p90", "own inside"},
                    {}};
    for (const CarriedRow& row : rows)
        out.rows.push_back({row.family, std::to_string(row.carried.n), percent(row.carried.median_abs_error),
                            percent(row.carried.p90_abs_error), inside(row.carried),
                            percent(row.own.median_abs_error), percent(row.own.p90_abs_error),
                            inside(row.own)});
    return out;
}

}  // namespace isobath
