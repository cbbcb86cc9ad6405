#include "sim/serve/traffic.h"

#include <cmath>
#include <filesystem>
#include <numeric>

#include "hw/spec_reader.h"
#include "sim/serve/serve_fields.h"
#include "sim/serve/sources/loop_source.h"
#include "sim/serve/sources/open_sources.h"
#include "sim/serve/sources/session_source.h"
#include "sim/serve/sources/trace_source.h"

namespace isobath {
namespace {

constexpr double kDay = 86'400;

Ticks ticks(Seconds time) {
    return static_cast<Ticks>(std::llround(time.in(unit::ns)));
}

/// Prompts or answers of nominal `tokens`; what is wrong is said where the scenario has it.
LengthLaw law_of(const Scenario& s, const char* path, double tokens, double cv) {
    const auto nominal = static_cast<std::int32_t>(std::llround(std::max(1.0, tokens)));
    try {
        switch (s.workload.lengths.law) {
            case LengthKind::fixed: return LengthLaw::fixed(nominal);
            case LengthKind::lognormal: return LengthLaw::log_normal(tokens, cv);
            case LengthKind::uniform: break;
        }
        return LengthLaw::uniform_ratio(nominal, s.workload.range_ratio);
    } catch (const SpecError& e) {
        fail_at(s.file, path, e.what());
    }
}

std::uint64_t most_requests(const Workload& w) {
    return w.requests > 0 ? static_cast<std::uint64_t>(w.requests) : ~std::uint64_t{0};
}

Asks asks_of(const Scenario& s) {
    const Workload& w = s.workload;
    Asks asks;
    asks.lengths.prompt = law_of(s, "/workload/isl", w.isl, w.lengths.input_cv);
    asks.lengths.answer = law_of(s, "/workload/osl", w.osl, w.lengths.output_cv);
    asks.cached.mean    = w.cached_share;
    asks.requests       = most_requests(w);
    asks.seed           = s.seed;
    if (w.duration > Seconds{}) asks.until = ticks(w.duration);
    return asks;
}

std::unique_ptr<RequestSource> loop_of(const Scenario& s) {
    const Workload& w = s.workload;
    ClosedLoop loop;
    loop.clients             = static_cast<int>(std::max(1.0, std::round(w.concurrency)));
    const bool given         = w.requests > 0 || w.duration > Seconds{};
    loop.requests_per_client = given ? 1e9 : w.requests_per_client;
    loop.think               = ticks(w.arrivals.think_time);
    return std::make_unique<LoopSource>(loop, asks_of(s));
}

/// Rates in the middle of equal parts of a day, linear in between, whose mean is the scenario's rate.
RateProfile day_of(const Scenario& s) {
    const std::vector<double> relative = profile_of(s);
    const double parts                 = static_cast<double>(relative.size());
    const double mean                  = std::accumulate(relative.begin(), relative.end(), 0.0) / parts;
    std::vector<RatePoint> points;
    for (std::size_t i = 0; i < relative.size(); ++i)
        points.push_back(
            {kDay * (static_cast<double>(i) + 0.5) / parts, s.workload.arrivals.rate * relative[i] / mean});
    return RateProfile(points, kDay);
}

/// Sessions begin so often that their questions come at the scenario's rate.
std::unique_ptr<RequestSource> sessions_of(const Scenario& s) {
    const Workload& w = s.workload;
    Sessions out;
    out.per_second    = w.arrivals.rate / w.sessions.turns;
    out.turns         = LengthLaw::fixed(static_cast<std::int32_t>(w.sessions.turns));
    out.system_tokens = static_cast<std::int32_t>(w.sessions.system_tokens);
    out.most_context  = static_cast<std::int32_t>(w.sessions.most_context);
    out.think_s       = w.arrivals.think_time.in(unit::s);
    out.block_tokens  = s.serving.prefix_cache.block;
    if (s.slo.tpot_p90 > Seconds{}) out.answer_s = s.slo.tpot_p90.in(unit::s);
    return std::make_unique<SessionSource>(out, asks_of(s));
}

std::unique_ptr<RequestSource> trace_of(const Scenario& s, bool skip_bad) {
    return std::make_unique<TraceSource>(trace_path(s), TraceOptions{.speed    = s.workload.arrivals.speed,
                                                                     .repeat   = 1,
                                                                     .limit    = most_requests(s.workload),
                                                                     .skip_bad = skip_bad});
}

}  // namespace

std::string trace_path(const Scenario& s) {
    const std::filesystem::path beside =
        std::filesystem::path(s.file).parent_path() / s.workload.arrivals.trace;
    std::error_code none;
    return std::filesystem::exists(beside, none) ? beside.string() : s.workload.arrivals.trace;
}

std::unique_ptr<RequestSource> traffic_of(const Scenario& s, bool skip_bad) {
    const Arrivals& a = s.workload.arrivals;
    switch (a.process) {
        case ArrivalProcess::closed: return loop_of(s);
        case ArrivalProcess::poisson: return poisson_source(a.rate, asks_of(s));
        case ArrivalProcess::gamma: return gamma_source(a.rate, a.cv, asks_of(s));
        case ArrivalProcess::diurnal: return profile_source(day_of(s), asks_of(s));
        case ArrivalProcess::sessions: return sessions_of(s);
        case ArrivalProcess::trace: return trace_of(s, skip_bad);
    }
    return nullptr;
}

double expected_requests(const Scenario& s) {
    const Workload& w       = s.workload;
    const Arrivals& a       = w.arrivals;
    const double most       = w.requests;
    const double while_open = a.rate * w.duration.in(unit::s);
    const auto less = [&](double n) { return most > 0 && n > 0 ? std::min(most, n) : std::max(most, n); };
    switch (a.process) {
        case ArrivalProcess::closed:
            return most > 0 || w.duration > Seconds{} ? most : w.concurrency * w.requests_per_client;
        case ArrivalProcess::trace: return most;
        default: return less(while_open);
    }
}

}  // namespace isobath
