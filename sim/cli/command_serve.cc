#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/cli/flags.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/numbers.h"
#include "sim/cli/progress.h"
#include "sim/plot/grid.h"
#include "sim/serve/serve_run.h"
#include "sim/serve/traffic.h"

namespace isobath::cli {
namespace {

Flags declared() {
    Flags flags(
        "serve SCENARIO",
        "Serves a scenario's requests one by one, step by step: what users feel (percentiles of the time "
        "to the\n"
        "first token, per token, of whole answers), goodput, cache, queues and cost under its load.\n"
        "Ctrl-C ends it with the results so far. Exit code 3: it does not fit.",
        "isobath serve deepseek-r1-serve-tp8-h200 --requests 500");
    flags.positional("SCENARIO").common().overrides();
    flags.value("concurrency", "N", "a closed loop of N clients, each of which asks again once answered")
        .value("rate", "R",
               "R requests a second, whoever has been answered (as the scenario's law; else poisson)")
        .value("trace", "FILE", "requests as recorded: Mooncake, Azure, or CSV of arrival_s, prompt, answer")
        .option("skip-bad", "leave out lines of the trace that cannot be read")
        .value("requests", "N", "requests to serve")
        .value("duration", "TIME", "time in which requests arrive, such as 30min")
        .value("threads", "N", "threads for the two halves of a split deployment (all cores); same results")
        .value("series", "FILE", "write the time series as CSV")
        .value("svg", "FILE", "draw the percentiles")
        .value("svg-series", "FILE", "draw requests, tokens, use and latency over time")
        .value("perfetto", "FILE", "write a Chrome/Perfetto trace of the window's steps and requests")
        .value("window", "FROM:TO", "seconds of simulated time, of --perfetto (0:10)");
    return flags;
}

Override override_of(const char* path, const std::string& value, const std::string& shown) {
    return {path, value, shown};
}

/// What the flags replace in the scenario.
std::vector<Override> asked(const Flags& flags) {
    std::vector<Override> out = flags.set();
    const auto add            = [&](const char* flag, const char* path, const std::string& value) {
        out.push_back(override_of(path, value, fmt::format("--{} {}", flag, clipped(flags.text(flag)))));
    };
    if (flags.has("concurrency")) {
        add("concurrency", "/workload/concurrency",
            fmt::format("{:.17g}", number("concurrency", flags.text("concurrency"), 1, 1e9)));
        add("concurrency", "/workload/arrivals/process", "closed");
    }
    if (flags.has("trace")) {
        add("trace", "/workload/arrivals/trace", nlohmann::json(flags.text("trace")).dump());
        add("trace", "/workload/arrivals/process", "trace");
    }
    if (flags.has("rate"))
        add("rate", "/workload/arrivals/rate",
            fmt::format("{:.17g}", number("rate", flags.text("rate"), 1e-9, 1e9)));
    if (flags.has("requests"))
        add("requests", "/workload/requests",
            fmt::format("{:.17g}", number("requests", flags.text("requests"), 1, 1e12)));
    if (flags.has("duration"))
        add("duration", "/workload/duration",
            fmt::format("{:.17g} s", duration("duration", flags.text("duration")).in(unit::s)));
    return out;
}

/// A rate goes with a law of arrivals: where the scenario has none, users are independent.
Scenario load(const Flags& flags, const DataFiles& data) {
    std::vector<Override> overrides = asked(flags);
    Scenario s                      = load_scenario(flags.word("SCENARIO"), data, overrides);
    const ArrivalProcess process    = s.workload.arrivals.process;
    const bool lawless              = process == ArrivalProcess::closed || process == ArrivalProcess::trace;
    if (!flags.has("rate") || !lawless) return s;
    overrides.push_back(override_of("/workload/arrivals/process", "poisson", "--rate " + flags.text("rate")));
    return load_scenario(flags.word("SCENARIO"), data, overrides);
}

void check_together(const Flags& flags) {
    const char* ways[] = {"concurrency", "rate", "trace"};
    std::string found;
    for (const char* way : ways) {
        if (!flags.has(way)) continue;
        if (!found.empty())
            throw SpecError(fmt::format("--{}: does not go with --{}; allowed: one of them", way, found));
        found = way;
    }
    if (flags.has("window") && !flags.has("perfetto")) throw SpecError("--window: goes with --perfetto");
}

ServeTrace window_of(const Flags& flags) {
    const std::string text = flags.text("window", "0:10");
    const auto colon       = text.find(':');
    if (colon == text.npos) throw SpecError("--window " + clipped(text) + ": need FROM:TO in seconds");
    const double from = number("window", text.substr(0, colon), 0, 1e9);
    const double to   = number("window", text.substr(colon + 1), 0, 1e9);
    if (!(to > from)) throw SpecError("--window " + clipped(text) + ": need TO after FROM");
    return ServeTrace(Ticks(from * 1e9), Ticks(to * 1e9));
}

int threads_of(const Flags& flags) {
    const int cores = std::max(1, int(std::thread::hardware_concurrency()));
    if (flags.has("perfetto")) return 1;  // events in order
    return flags.has("threads") ? whole("threads", flags.text("threads"), 1024) : cores;
}

std::string progress_line(Ticks now, std::uint64_t finished, double expected, double seconds) {
    const double rate = double(finished) / seconds;
    std::string out =
        fmt::format("simulated {:.0f} s, {} requests, {:.3g} a second", double(now) * 1e-9, finished, rate);
    if (expected > 0 && finished > 0)
        out += fmt::format(", {:.0f} %, {} left", std::min(100.0, 100 * double(finished) / expected),
                           left_over((expected - double(finished)) / rate));
    return out;
}

std::string picture(const std::vector<plot::Figure>& figures, int columns) {
    return plot::grid_svg(figures, columns, {640, 400});
}

void write_files(const Flags& flags, const ServeReport& report, const ServeTrace& trace) {
    const ServeRun& run = report.ways.front();
    if (flags.has("series")) write_file(flags.text("series"), series_csv(run));
    if (flags.has("svg")) write_file(flags.text("svg"), picture(percentile_figures(report), 2));
    if (flags.has("svg-series")) write_file(flags.text("svg-series"), picture(series_figures(run), 2));
    if (flags.has("perfetto")) write_file(flags.text("perfetto"), trace.text());
}

ServeReport serve(const Call& call, const Flags& flags, ServeTrace& trace) {
    const DataFiles data    = flags.data();
    const Scenario scenario = load(flags, data);
    const double expected   = expected_requests(scenario);
    const Interrupt interrupt;
    Progress progress(call.err, Progress::wanted(call.err));
    ServeOptions options;
    options.threads     = threads_of(flags);
    options.skip_bad    = flags.has("skip-bad");
    options.hooks.go_on = [&](Ticks now, std::uint64_t finished) {
        progress.tell([&](double s) { return progress_line(now, finished, expected, s); });
        return !interrupt.asked();
    };
    if (flags.has("perfetto")) options.hooks.event = [&](const ServeEvent& e) { trace.add(e); };
    return serve_scenario(scenario, data, options);
}

}  // namespace

int command_serve(const Call& call) {
    Flags flags = declared();
    if (!flags.parse(call)) return kDone;
    check_together(flags);
    ServeTrace trace         = window_of(flags);
    const ServeReport report = serve(call, flags, trace);
    if (report.partial()) call.err << "isobath serve: interrupted; results so far, marked partial\n";
    if (trace.full())
        call.err << fmt::format("--perfetto: the first {} events of the window only\n", ServeTrace::kMost);
    write_files(flags, report, trace);
    write_out(call, flags,
              flags.has("json") ? to_json(report).dump(2) + "\n"
                                : to_text(report, call.colour && !flags.has("output")));
    return report.fits() ? kDone : kNoFit;
}

}  // namespace isobath::cli
