#include "sim/planner/reasons.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/planner/planned_scenario.h"
#include "sim/scenario_fields.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

/// An 80 % interval reaches so many deviations to either side.
constexpr double kEighty = 1.2815515655446004;

constexpr std::size_t kMostAsked = 1000;

double normal(double z) {
    return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

double chance(double limit, const Estimate& e) {
    if (!std::isfinite(limit)) return 1;
    const double time  = e.time.base();
    const double end   = limit >= time ? e.high.base() : e.low.base();
    const double width = std::abs(std::log(end / time)) / kEighty;
    return width > 0 ? normal(std::log(limit / time) / width) : limit >= time ? 1 : 0;
}

/// A thing that plans differ in, and how a plan's value is told.
struct Dimension {
    const char* name;
    std::function<std::string(const PlanRecord&)> value;
};

const UnitLayout& unit(const PlanSearch& s, int cluster, int layout) {
    return s.space.clusters[static_cast<std::size_t>(cluster)].layouts[static_cast<std::size_t>(layout)];
}

std::string word(const char* field, int value) {
    return std::string(find_field(field)->choices[static_cast<std::size_t>(value)]);
}

std::string precision_word(const PlanSearch& s, const PlanRecord& r) {
    const auto text = nlohmann::json::parse(s.space.precisions[static_cast<std::size_t>(r.precision)]);
    return text.is_string() ? text.get<std::string>() : text.dump();
}

std::vector<Dimension> dimensions(const PlanSearch& s) {
    const auto layout = [&s](const PlanRecord& r) -> const Layout& {
        return unit(s, r.cluster, r.layout).layout;
    };
    return {
        {"mode", [](const PlanRecord& r) { return r.split() ? "split" : "aggregated"; }},
        {"cluster", [&s](const PlanRecord& r) { return s.space.clusters[std::size_t(r.cluster)].title; }},
        {"precision", [&s](const PlanRecord& r) { return precision_word(s, r); }},
        {"speculation",
         [&s](const PlanRecord& r) { return s.space.speculations[std::size_t(r.speculation)].text; }},
        {"GPUs of a unit",
         [&s](const PlanRecord& r) { return std::to_string(unit(s, r.cluster, r.layout).gpus); }},
        {"attention tp", [=](const PlanRecord& r) { return std::to_string(layout(r).attention_tp); }},
        {"ep", [=](const PlanRecord& r) { return std::to_string(layout(r).ep); }},
        {"pp", [=](const PlanRecord& r) { return std::to_string(layout(r).pp); }},
        {"redundant experts", [=](const PlanRecord& r) { return std::to_string(layout(r).redundant); }},
        {"comm", [=](const PlanRecord& r) { return word("/layout/comm", int(layout(r).comm)); }},
        {"overlap", [=](const PlanRecord& r) { return word("/layout/overlap", int(layout(r).overlap)); }}};
}

double loss_of(const PlanRecord& best, const PlanRecord& other) {
    return other.objective != best.objective ? (other.objective - best.objective) / std::abs(best.objective)
                                             : 0;
}

}  // namespace

double chance_within(const PlanQuestion& q, const ServedResult& served) {
    return chance(q.tpot_limit, served.tpot) * chance(q.ttft_limit, served.ttft);
}

std::optional<PlanRecord> choose(const PlanAnswer& a, const DataFiles& data) {
    const std::vector<PlanRecord>& records = a.search.records;
    const double wanted                    = a.scenario.plan.confidence;
    if (wanted <= 0) return records.front();
    for (std::size_t i = 0; i < std::min(records.size(), kMostAsked); ++i) {
        const auto doc = planned_scenario(a.scenario, a.search, records[i]);
        if (doc.is_null()) continue;
        const ServedResult served = predict_served(read_scenario(doc.dump(), a.scenario.file, data), data);
        if (chance_within(a.search.question, served) >= wanted) return records[i];
    }
    return std::nullopt;
}

std::vector<RunnerUp> runners_up(const PlanSearch& s, const PlanRecord& best) {
    std::vector<RunnerUp> out;
    for (const Dimension& d : dimensions(s)) {
        const std::string mine = d.value(best);
        const auto other       = std::find_if(s.records.begin(), s.records.end(),
                                              [&](const PlanRecord& r) { return d.value(r) != mine; });
        if (other != s.records.end()) out.push_back({d.name, d.value(*other), *other, loss_of(best, *other)});
    }
    return out;
}

std::vector<LimitUse> limits_of(const PlanSearch& s, const PlanRecord& r) {
    const PlanQuestion& q = s.question;
    std::vector<LimitUse> out;
    const auto add = [&](const char* name, double used, std::string what) {
        if (used > 0) out.push_back({name, used, std::move(what), used > 1 / 1.13});
    };
    add("time per output token", r.tpot / q.tpot_limit,
        fmt::format("{:.1f} of {:.1f} ms", r.tpot * 1e3, q.tpot_limit * 1e3));
    add("time to first token", r.ttft / q.ttft_limit,
        fmt::format("{:.0f} of {:.0f} ms", r.ttft * 1e3, q.ttft_limit * 1e3));
    add("GPUs", double(r.gpus) / q.max_gpus, fmt::format("{} of {}", r.gpus, q.max_gpus));
    add("budget", r.usd / q.budget, fmt::format("{:.2f} of {:.2f} USD/h", r.usd, q.budget));
    std::stable_sort(out.begin(), out.end(),
                     [](const LimitUse& a, const LimitUse& b) { return a.used > b.used; });
    return out;
}

}  // namespace isobath
