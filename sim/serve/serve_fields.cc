#include "sim/serve/serve_fields.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr Ticks kDay              = 86'400'000'000'000;
constexpr std::size_t kMostParts  = 86'400;  ///< of a day: seconds
constexpr double kMostTokensOfOne = 1e7;

using Fail = std::function<void(const std::string& path, const std::string& what)>;

Fail fail_in(const Scenario& s) {
    return [&s](const std::string& path, const std::string& what) { fail_at(s.file, path, what); };
}

Fail fail_from(const Origin& origin) {
    return [&origin](const std::string& path, const std::string& what) { origin.fail(path, what); };
}

/// A list of numbers, each from 0 to `most`, whole if asked for.
std::vector<double> numbers(const json& list, const std::string& path, double most, bool whole,
                            const Fail& fail) {
    if (!list.is_array() || list.size() > kMostParts)
        fail(path, fmt::format("expected a list of at most {} numbers", kMostParts));
    std::vector<double> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const bool number = list[i].is_number();
        const double n    = number ? list[i].get<double>() : 0;
        if (!number || !(n >= 0 && n <= most) || (whole && n != std::floor(n)))
            fail(fmt::format("{}/{}", path, i),
                 fmt::format("expected a {}number from 0 to {:g}", whole ? "whole " : "", most));
        out.push_back(n);
    }
    return out;
}

std::vector<double> profile(const Scenario& s, const Fail& fail) {
    const std::string path = "/workload/arrivals/profile";
    const std::vector<double> out =
        numbers(json::parse(s.workload.arrivals.profile.json), path, 1e12, false, fail);
    double sum = 0;
    for (const double rate : out) sum += rate;
    if (!out.empty() && !(sum > 0)) fail(path, "all rates are 0; allowed: some above");
    return out;
}

PrefixRoom capacity(const Scenario& s, const Fail& fail) {
    const std::string& text = s.serving.prefix_cache.capacity;
    if (text == "auto") return {};
    if (text == "none") return {false, {}};
    try {
        return {true, parse_quantity<Bytes>(text)};
    } catch (const std::invalid_argument& e) {
        fail("/serving/prefix_cache/capacity", std::string(e.what()) + "; or auto, or none");
    }
    return {};
}

std::vector<FleetSpec::Change> schedule(const Scenario& s, const std::string& kind, int units,
                                        const Fail& fail) {
    const json all = json::parse(s.serving.schedule.json);
    if (!all.contains(kind)) return {};
    const std::string path          = "/serving/schedule/" + kind;
    const std::vector<double> parts = numbers(all[kind], path, units, true, fail);
    std::vector<FleetSpec::Change> out;
    for (std::size_t i = 0; i < parts.size(); ++i)
        out.push_back(
            {kDay / static_cast<Ticks>(parts.size()) * static_cast<Ticks>(i), static_cast<int>(parts[i])});
    return out;
}

void check_schedule(const Scenario& s, const Fail& fail) {
    const json all = json::parse(s.serving.schedule.json);
    if (!all.is_object()) fail("/serving/schedule", "expected an object with lists of units over a day");
    for (const auto& [kind, list] : all.items()) {
        const bool split = s.splits();
        if (split ? kind != "prefill" && kind != "decode" : kind != "aggregated")
            fail("/serving/schedule/" + clipped(kind),
                 split ? "unknown key; known here: prefill, decode" : "unknown key; known here: aggregated");
        schedule(s, kind, 1'000'000, fail);
    }
}

void check_times(const Scenario& s, const Fail& fail) {
    const Serving& v = s.serving;
    if (v.mtbf > Seconds{} && !(v.repair > Seconds{}))
        fail("/serving/failures/repair", "missing; a time above 0 s, as units fail");
    if (v.rebalance_interval > Seconds{} && v.rebalance_pause >= v.rebalance_interval)
        fail("/serving/rebalance/pause", "not shorter than the interval; allowed: less");
    constexpr Seconds most{1e9};  // 30 years; beyond it, nanoseconds run out
    const std::pair<const char*, Seconds> times[] = {
        {"/workload/duration", s.workload.duration},
        {"/workload/warm_up", s.workload.warm_up},
        {"/workload/arrivals/think_time", s.workload.arrivals.think_time},
        {"/serving/failures/repair", v.repair},
        {"/serving/rebalance/interval", v.rebalance_interval}};
    for (const auto& [path, time] : times)
        if (time > most) fail(path, "expected at most 1e9 s");
    if (v.mtbf > Seconds{9e9}) fail("/serving/failures/mtbf", "expected at most 9e9 s");
    if (s.workload.duration > Seconds{} && s.workload.warm_up >= s.workload.duration)
        fail("/workload/warm_up", "not shorter than the duration; allowed: less");
}

void check_rates(const Scenario& s, const Fail& fail) {
    if (!(s.serving.swap_bandwidth > BytesPerSecond{}))
        fail("/serving/swap_bandwidth", "expected more than 0 B/s");
    if (!(s.serving.prefix_cache.disk_bandwidth > BytesPerSecond{}))
        fail("/serving/prefix_cache/disk_bandwidth", "expected more than 0 B/s");
    for (const auto& [path, tokens] :
         {std::pair{"/workload/isl", s.workload.isl}, {"/workload/osl", s.workload.osl}})
        if (tokens > kMostTokensOfOne)
            fail(path, fmt::format("{:g} tokens; allowed to serve: up to {:g}", tokens, kMostTokensOfOne));
}

}  // namespace

void check_serving(const Scenario& s, const Origin& origin) {
    const Fail fail = fail_from(origin);
    profile(s, fail);
    capacity(s, fail);
    check_schedule(s, fail);
    check_times(s, fail);
    check_rates(s, fail);
    if (s.workload.arrivals.process == ArrivalProcess::diurnal && profile(s, fail).size() < 2)
        fail("/workload/arrivals/profile", "missing; at least two relative rates over a day");
}

PrefixRoom prefix_capacity(const Scenario& s) {
    return capacity(s, fail_in(s));
}

std::vector<FleetSpec::Change> schedule_of(const Scenario& s, const char* kind, int units) {
    return schedule(s, kind, units, fail_in(s));
}

std::vector<double> profile_of(const Scenario& s) {
    return profile(s, fail_in(s));
}

}  // namespace isobath
