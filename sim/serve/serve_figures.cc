// What a simulation found, as pictures.
#include <algorithm>

#include <fmt/format.h>

#include "sim/serve/serve_run.h"

namespace isobath {
namespace {

double seconds(double ns) {
    return ns * 1e-9;
}

/// Shares of requests within a time, in percent: even steps, and the tail in finer ones.
plot::Line shares_line(const std::string& name, const Quantiles& q) {
    plot::Line line{.name = name};
    if (q.count() == 0) return line;
    for (int i = 0; i <= 200; ++i) line.points.push_back({seconds(q.quantile(i / 200.0)), i / 2.0});
    for (const double tail : {0.996, 0.997, 0.998, 0.999, 0.9995, 0.9999})
        line.points.insert(line.points.end() - 1, {seconds(q.quantile(tail)), 100 * tail});
    return line;
}

plot::Figure shares(const std::string& title, const std::string& subtitle, const char* what) {
    return {.title    = title,
            .subtitle = subtitle,
            .x        = {.label = what, .unit = "s", .scale = plot::Scale::log},
            .y        = {.label = "requests within", .unit = "%", .low = 0, .high = 100}};
}

/// Its limit as a line, and the words for it.
std::string add_limit(plot::Figure& f, Ticks limit) {
    if (limit <= 0) return "";
    f.marks.push_back(plot::Rule{.name = "", .at = seconds(double(limit)), .vertical = true});
    return fmt::format("; dashed: the SLO's {:g} s", seconds(double(limit)));
}

std::string said(const ServeRun& run) {
    return fmt::format("{} requests, {:.4g} a second, on {} GPUs", run.result.counted,
                       run.per_s(double(run.result.counted)), run.deployment.gpus());
}

/// "", or which way it is of two.
std::string way_name(const ServeReport& report, std::size_t way) {
    return report.ways.size() == 1 ? "" : way == 0 ? ", speculating" : ", not speculating";
}

}  // namespace

std::vector<plot::Figure> percentile_figures(const ServeReport& report) {
    const ServeRun& run = report.ways.front();
    plot::Figure first  = shares(report.scenario.name, said(run), "time");
    plot::Figure token =
        shares("Time per output token", "TPOT: mean of each answer; between: each gap", "time");
    for (std::size_t i = 0; i < report.ways.size(); ++i) {
        const ServeResult& r  = report.ways[i].result;
        const std::string way = way_name(report, i);
        first.marks.push_back(shares_line("first token" + way, r.ttft));
        first.marks.push_back(shares_line("whole answer" + way, r.e2e));
        token.marks.push_back(shares_line("TPOT" + way, r.tpot));
        token.marks.push_back(shares_line("between tokens" + way, r.between_tokens));
    }
    first.subtitle += add_limit(first, run.deployment.setup.slo_ttft);
    token.subtitle += add_limit(token, run.deployment.setup.slo_tpot);
    return {first, token};
}

namespace {

/// Intervals put together, so that a picture shows a course and not every wave.
constexpr std::size_t kPoints = 120;

/// One interval of a picture.
struct Stretch {
    ServeSample sum;  ///< counts added, levels weighted by time
    double seconds = 0;
};

void add(FleetSample& sum, const FleetSample& one, double share) {
    sum.in_service += share * one.in_service;
    sum.running += share * one.running;
    sum.waiting += share * one.waiting;
    sum.cache += share * one.cache;
    sum.busy += share * one.busy;
}

void add(Stretch& to, const ServeSample& one, double time, double whole) {
    to.seconds += time;
    to.sum.input_tokens += one.input_tokens;
    to.sum.cached_tokens += one.cached_tokens;
    to.sum.output_tokens += one.output_tokens;
    add(to.sum.first, one.first, time / whole);
    add(to.sum.second, one.second, time / whole);
    to.sum.ttft.add(one.ttft);
    to.sum.tpot.add(one.tpot);
}

std::vector<Stretch> stretches(const ServeResult& r) {
    const std::vector<ServeSample>& all = r.series;
    const auto end_of          = [&](std::size_t i) { return i < all.size() ? all[i].from : r.simulated; };
    const std::size_t together = (all.size() + kPoints - 1) / kPoints;
    std::vector<Stretch> out;
    for (std::size_t i = 0; i < all.size(); i += together) {
        const std::size_t end = std::min(all.size(), i + together);
        const double whole    = seconds(double(end_of(end) - all[i].from));
        if (whole <= 0) continue;
        out.emplace_back().sum.from = all[i].from;
        for (std::size_t one = i; one < end; ++one)
            add(out.back(), all[one], seconds(double(end_of(one + 1) - all[one].from)), whole);
    }
    return out;
}

/// A quantity of each stretch, at its middle.
template <class Value>
plot::Line over_time(const ServeRun& run, const std::string& name, Value value) {
    plot::Line line{.name = name};
    for (const Stretch& s : stretches(run.result))
        line.points.push_back({seconds(double(s.sum.from)) + s.seconds / 2, value(s.sum, s.seconds)});
    return line;
}

plot::Figure panel(const std::string& title, const char* label, const char* unit) {
    return {.title = title,
            .x     = {.label = "time", .unit = "s"},
            .y     = {.label = label, .unit = unit, .from_zero = true}};
}

using Sample = ServeSample;

plot::Figure requests_figure(const ServeRun& run) {
    plot::Figure f   = panel("Requests", "in the deployment", "");
    const bool split = run.deployment.split;
    f.subtitle       = said(run);
    f.marks.push_back(over_time(run, split ? "wait for prefill" : "wait",
                                [](const Sample& s, double) { return s.first.waiting; }));
    f.marks.push_back(over_time(run, split ? "in prefill" : "run",
                                [](const Sample& s, double) { return s.first.running; }));
    if (!split) return f;
    f.marks.push_back(
        over_time(run, "wait for decode", [](const Sample& s, double) { return s.second.waiting; }));
    f.marks.push_back(over_time(run, "decode", [](const Sample& s, double) { return s.second.running; }));
    return f;
}

plot::Figure tokens_figure(const ServeRun& run) {
    plot::Figure f = panel("Tokens", "all users", "token/s");
    f.marks.push_back(over_time(run, "in", [](const Sample& s, double t) { return s.input_tokens / t; }));
    if (run.result.cached_tokens > 0)
        f.marks.push_back(
            over_time(run, "of these cached", [](const Sample& s, double t) { return s.cached_tokens / t; }));
    f.marks.push_back(over_time(run, "out", [](const Sample& s, double t) { return s.output_tokens / t; }));
    return f;
}

plot::Figure use_figure(const ServeRun& run) {
    plot::Figure f    = panel("Use", "share", "%");
    const bool split  = run.deployment.split;
    const char* first = split ? "prefill units busy" : "units busy";
    f.marks.push_back(over_time(run, first, [](const Sample& s, double) { return 100 * s.first.busy; }));
    if (!split)
        f.marks.push_back(
            over_time(run, "cache in use", [](const Sample& s, double) { return 100 * s.first.cache; }));
    else {
        f.marks.push_back(
            over_time(run, "decode units busy", [](const Sample& s, double) { return 100 * s.second.busy; }));
        f.marks.push_back(over_time(run, "decode cache in use",
                                    [](const Sample& s, double) { return 100 * s.second.cache; }));
    }
    return f;
}

plot::Figure latency_figure(const ServeRun& run) {
    plot::Figure f = panel("Latency", "of requests that ended then", "s");
    f.y.scale      = plot::Scale::log;
    f.y.from_zero  = false;
    f.marks.push_back(
        over_time(run, "TTFT p50", [](const Sample& s, double) { return seconds(s.ttft.quantile(0.5)); }));
    f.marks.push_back(
        over_time(run, "TTFT p99", [](const Sample& s, double) { return seconds(s.ttft.quantile(0.99)); }));
    f.marks.push_back(
        over_time(run, "TPOT p50", [](const Sample& s, double) { return seconds(s.tpot.quantile(0.5)); }));
    f.marks.push_back(
        over_time(run, "TPOT p99", [](const Sample& s, double) { return seconds(s.tpot.quantile(0.99)); }));
    return f;
}

plot::Figure units_figure(const ServeRun& run) {
    plot::Figure f   = panel("Units in service", "spares included", "");
    const bool split = run.deployment.split;
    f.marks.push_back(over_time(run, split ? "prefill" : "units",
                                [](const Sample& s, double) { return s.first.in_service; }));
    if (split)
        f.marks.push_back(
            over_time(run, "decode", [](const Sample& s, double) { return s.second.in_service; }));
    return f;
}

}  // namespace

std::vector<plot::Figure> series_figures(const ServeRun& run) {
    std::vector<plot::Figure> out{requests_figure(run), tokens_figure(run), use_figure(run),
                                  latency_figure(run)};
    const ServeSetup& s = run.deployment.setup;
    if (!s.first.schedule.empty() || !s.second.schedule.empty()) out.push_back(units_figure(run));
    return out;
}

}  // namespace isobath
