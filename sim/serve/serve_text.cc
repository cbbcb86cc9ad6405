// What a simulation found, for people; and its time series as a table.
#include <algorithm>

#include <fmt/format.h>

#include "sim/serve/serve_run.h"

namespace isobath {
namespace {

struct Paint {
    bool on;
    std::string bold(const std::string& s) const { return on ? "\x1b[1m" + s + "\x1b[0m" : s; }
};

/// A time in the unit a reader would choose, four significant digits.
std::string time(double ns) {
    const double value = ns < 1e6 ? ns / 1e3 : ns < 1e9 ? ns / 1e6 : ns / 1e9;
    const int digits   = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, digits, ns < 1e6 ? "us" : ns < 1e9 ? "ms" : "s");
}

/// Simulated time: "38.2 s", "4 min 10 s", "24.0 h".
std::string span(double s) {
    if (s < 120) return fmt::format("{:.1f} s", s);
    if (s < 7200) return fmt::format("{:.0f} min {:.0f} s", std::floor(s / 60), std::fmod(s, 60));
    return fmt::format("{:.1f} h", s / 3600);
}

std::string percent(double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : std::string("-");
}

std::string plural(double n, const char* one) {
    return fmt::format("{:g} {}{}", n, one, n == 1 ? "" : "s");
}

std::string fleet_line(const FleetSpec& f, const char* what) {
    std::string out = fmt::format("{} of {} ({})", plural(f.count, what), plural(f.unit.gpus, "GPU"),
                                  plural(f.unit.ranks, "attention rank"));
    if (f.spare > 0) out += fmt::format(" and {} spare", f.spare);
    return out;
}

std::string headline(const ServeRun& run, Paint paint) {
    const Scenario& s    = run.scenario;
    const Deployment& d  = run.deployment;
    std::string out      = paint.bold(s.name) + "\n";
    const std::string of = fmt::format("{} on {}: ", s.model.name, s.cluster.gpu.title);
    if (!d.split) return out + of + fleet_line(d.setup.first, "unit") + "\n";
    return out + of + fleet_line(d.setup.first, "prefill unit") + ", " +
           fleet_line(d.setup.second, "decode unit") + "\n";
}

std::string traffic_line(const ServeRun& run) {
    const ServeResult& r = run.result;
    const double n       = std::max<double>(1, double(r.counted));
    std::string out = fmt::format("{} requests in {} of simulated time", r.counted, span(run.counted_s()));
    out += fmt::format(": {:.4g} a second, {:.0f} tokens in and {:.0f} out each",
                       run.per_s(double(r.counted)), r.input_tokens / n, r.output_tokens / n);
    if (r.cached_tokens > 0)
        out += fmt::format(", {} of the prompts cached", percent(r.cached_tokens, r.input_tokens));
    out += "\n";
    if (r.partial) out += "stopped before its end: what follows counts the requests finished so far\n";
    if (r.rejected > 0)
        out += fmt::format("{} rejected: longer than the cache of a rank\n",
                           plural(double(r.rejected), "request"));
    for (const LeftOut& lines : run.left_out)
        out += fmt::format("left out {} of the trace, the first is line {}: {}\n",
                           plural(double(lines.lines), "line"), lines.first_line, lines.what);
    return out + "\n";
}

std::string quantile_row(const char* name, const Quantiles& q) {
    return fmt::format("  {:<22}{:>10} {:>10} {:>10} {:>10} {:>10}\n", name, time(q.mean()),
                       time(q.quantile(0.5)), time(q.quantile(0.9)), time(q.quantile(0.99)),
                       time(double(q.greatest())));
}

std::string users(const ServeRun& run, Paint paint) {
    const ServeResult& r = run.result;
    std::string out = paint.bold(fmt::format("{:<24}{:>10} {:>10} {:>10} {:>10} {:>10}", "Users feel", "mean",
                                             "p50", "p90", "p99", "max")) +
                      "\n";
    out += quantile_row("first token (TTFT)", r.ttft) + quantile_row("each token (TPOT)", r.tpot) +
           quantile_row("between tokens (ITL)", r.between_tokens) + quantile_row("whole answer", r.e2e);
    return out + "\n";
}

std::string slo_line(const ServeRun& run) {
    const ServeSetup& s  = run.deployment.setup;
    const ServeResult& r = run.result;
    if (s.slo_ttft == 0 && s.slo_tpot == 0) return "";
    std::string limits;
    if (s.slo_ttft > 0) limits = "first token " + time(double(s.slo_ttft));
    if (s.slo_tpot > 0)
        limits += (limits.empty() ? "" : ", ") + std::string("each token ") + time(double(s.slo_tpot));
    return fmt::format("{:<12} {:.4g} requests/s within the SLO, {} of all ({})\n", "Goodput",
                       run.per_s(double(r.within_slo)), percent(double(r.within_slo), double(r.counted)),
                       limits);
}

std::string rates(const ServeRun& run) {
    const ServeResult& r = run.result;
    const double gpu_s = run.gpu_hours() * 3600, whole = double(r.simulated) * 1e-9;
    const double share = gpu_s > 0 ? whole / gpu_s : 0;
    const double usd   = run.usd() * (whole > 0 ? run.counted_s() / whole : 0);
    const double both  = r.input_tokens + r.output_tokens;
    std::string out = fmt::format("{:<12} {:.0f} tokens/s out, {:.0f} in; {:.1f} out per GPU\n", "Throughput",
                                  run.per_s(r.output_tokens), run.per_s(r.input_tokens),
                                  run.per_s(r.output_tokens) * share);
    out += slo_line(run);
    out += fmt::format(
        "{:<12} {:.4g} USD per million output tokens, {:.4g} per million in and out; {:.0f} USD "
        "a day\n",
        "Cost", r.output_tokens > 0 ? usd / r.output_tokens * 1e6 : 0, both > 0 ? usd / both * 1e6 : 0,
        whole > 0 ? run.usd() / whole * 86'400 : 0);
    return out + fmt::format("{:<12} {:.1f} GPUs paid in the mean\n", "", whole > 0 ? gpu_s / whole : 0);
}

std::string fleet_lines(const char* name, const FleetSpec& f, const FleetTotals& t) {
    std::string out =
        fmt::format("{:<12} busy {}; {:.1f} requests run and {:.1f} wait in the mean, {} at most\n", name,
                    percent(t.busy_s, t.unit_seconds), t.running_mean, t.waiting_mean, t.waiting_max);
    out += fmt::format("{:<12} cache of {} tokens a rank, {:.1f} % in use, {:.1f} % at most", "",
                       f.unit.cache_tokens, 100 * t.cache_mean, 100 * t.cache_max);
    out += fmt::format("; {}\n", plural(double(t.preemptions), "preemption"));
    if (t.steps > t.prefill_steps)
        out += fmt::format("{:<12} decode step {} in the mean, {} p99\n", "", time(t.step_time.mean()),
                           time(t.step_time.quantile(0.99)));
    if (t.failures > 0)
        out += fmt::format("{:<12} {}, {} begun again\n", "", plural(double(t.failures), "failure"),
                           plural(double(t.retried), "request"));
    return out;
}

std::string time_line(const ServeRun& run) {
    const ServeResult& r = run.result;
    const double front = double(run.deployment.setup.front_end), queue = r.queue.mean();
    const double across = run.hand_over_s() * 1e9, ttft = r.ttft.mean(), whole = std::max(1.0, r.e2e.mean());
    std::string out =
        fmt::format("{:<12} of a mean answer {} in line, {} prefill", "Time goes", percent(queue, whole),
                    percent(std::max(0.0, ttft - queue - front - across), whole));
    if (across > 0) out += fmt::format(", {} hand-over", percent(across, whole));
    return out + fmt::format(", {} decode, {} front end\n", percent(std::max(0.0, whole - ttft), whole),
                             percent(front, whole));
}

std::string hand_over_line(const ServeRun& run) {
    const Deployment& d = run.deployment;
    if (!d.split) return "";
    return fmt::format("{:<12} {} and {} per token of the prompt ({:.1f} kB at {:.0f} GB/s from each GPU)\n",
                       "Hand-over", time(double(d.setup.hand_over)), time(d.setup.hand_over_ns),
                       d.first.kv_per_token.in(unit::kB), d.transfer.in(unit::GB / unit::s));
}

std::string no_room(const ServeRun& run, Paint paint) {
    std::string out     = paint.bold("Does not fit") + "\n";
    const Deployment& d = run.deployment;
    const auto line     = [&](const char* name, const UnitMemory& m) {
        out += fmt::format(
                "{:<12} weights {:.1f} GiB of {:.1f} GiB; room for {:.0f} cached tokens, a request has {:.0f}\n",
                name, m.use.weights.in(unit::GiB), m.use.capacity.in(unit::GiB), m.use.max_total_tokens,
                run.scenario.workload.mean_prompt() + run.scenario.workload.mean_answer());
    };
    line(d.split ? "Prefill" : "Units", d.first);
    if (d.split) line("Decode", d.second);
    return out;
}

std::string way_text(const ServeRun& run, Paint paint) {
    const Deployment& d = run.deployment;
    if (!d.fits()) return headline(run, paint) + no_room(run, paint);
    std::string out = headline(run, paint) + traffic_line(run) + users(run, paint) + rates(run);
    out += fleet_lines(d.split ? "Prefill" : "Units", d.setup.first, run.result.first);
    if (d.split) out += fleet_lines("Decode", d.setup.second, run.result.second);
    return out + hand_over_line(run) + time_line(run);
}

}  // namespace

std::string to_text(const ServeReport& report, bool colour) {
    const Paint paint{colour};
    if (report.ways.size() == 1) return way_text(report.ways.front(), paint);
    return "Whether this server speculates is not known; both ways:\n\n" + paint.bold("With speculation") +
           "\n" + way_text(report.ways.front(), paint) + "\n" + paint.bold("Without") + "\n" +
           way_text(report.ways.back(), paint);
}

namespace {

std::string fleet_columns(const FleetSample& f) {
    return fmt::format(",{:.9g},{:.9g},{:.9g},{:.9g},{:.9g}", f.in_service, f.running, f.waiting, f.cache,
                       f.busy);
}

}  // namespace

std::string series_csv(const ServeRun& run) {
    const bool split = run.deployment.split;
    std::string out =
        "from_s,arrived,finished,input_tokens,cached_tokens,output_tokens,ttft_p50_s,ttft_p99_s,"
        "tpot_p50_s,tpot_p99_s";
    for (const char* fleet : {split ? "prefill" : "units", "decode"})
        if (split || fleet != std::string_view("decode"))
            for (const char* what : {"in_service", "running", "waiting", "kv_occupancy", "busy"})
                out += fmt::format(",{}_{}", fleet, what);
    out += "\n";
    for (const ServeSample& s : run.result.series) {
        out += fmt::format("{:.9g},{},{},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g}",
                           double(s.from) * 1e-9, s.arrived, s.finished, s.input_tokens, s.cached_tokens,
                           s.output_tokens, s.ttft.quantile(0.5) * 1e-9, s.ttft.quantile(0.99) * 1e-9,
                           s.tpot.quantile(0.5) * 1e-9, s.tpot.quantile(0.99) * 1e-9);
        out += fleet_columns(s.first) + (split ? fleet_columns(s.second) : "") + "\n";
    }
    return out;
}

}  // namespace isobath
