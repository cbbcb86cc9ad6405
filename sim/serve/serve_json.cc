// What a simulation found, as one object.
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/scenario_reader.h"
#include "sim/serve/serve_run.h"

namespace isobath {
namespace {

using nlohmann::json;

double seconds(double nanoseconds) {
    return nanoseconds * 1e-9;
}

json quantiles(const Quantiles& q) {
    return {{"mean", seconds(q.mean())},
            {"p50", seconds(q.quantile(0.5))},
            {"p90", seconds(q.quantile(0.9))},
            {"p99", seconds(q.quantile(0.99))},
            {"max", seconds(double(q.greatest()))}};
}

json requests_of(const ServeResult& r) {
    return {
        {"arrived", r.arrived}, {"finished", r.finished}, {"counted", r.counted}, {"rejected", r.rejected}};
}

json memory_of(const UnitMemory& m, const UnitSpec& u) {
    return {{"fits", m.fits},
            {"weights", m.use.weights.in(unit::B)},
            {"activations", m.use.activations.in(unit::B)},
            {"buffers", m.use.buffers.in(unit::B)},
            {"capacity", m.use.capacity.in(unit::B)},
            {"cache_tokens_per_rank", u.cache_tokens},
            {"kv_bytes_per_token", m.kv_per_token.in(unit::B)}};
}

const char* name_of(UnitRole role) {
    return role == UnitRole::aggregated ? "aggregated" : role == UnitRole::prefill ? "prefill" : "decode";
}

json ranks_of(const FleetTotals& t) {
    double most = 0, sum = 0;
    for (const double tokens : t.rank_tokens) {
        most = std::max(most, tokens);
        sum += tokens;
    }
    const double mean = t.rank_tokens.empty() ? 0 : sum / double(t.rank_tokens.size());
    return {{"tokens", t.rank_tokens}, {"max_over_mean", mean > 0 ? most / mean : 1.0}};
}

json phase_of(const FleetSpec& f, const FleetTotals& t, const UnitMemory& m) {
    const double paid = t.unit_seconds;
    return {{"phase", name_of(f.unit.role)},
            {"units", f.count},
            {"spare", f.spare},
            {"gpus_per_unit", f.unit.gpus},
            {"ranks_per_unit", f.unit.ranks},
            {"unit_hours", paid / 3600},
            {"busy", paid > 0 ? t.busy_s / paid : 0.0},
            {"steps", t.steps},
            {"prefill_steps", t.prefill_steps},
            {"decode_step_s", quantiles(t.step_time)},
            {"running_mean", t.running_mean},
            {"waiting_mean", t.waiting_mean},
            {"waiting_max", t.waiting_max},
            {"kv_occupancy", {{"mean", t.cache_mean}, {"max", t.cache_max}}},
            {"preemptions", t.preemptions},
            {"failures", t.failures},
            {"retried", t.retried},
            {"ranks", ranks_of(t)},
            {"memory", memory_of(m, f.unit)}};
}

json fleet_sample(const FleetSample& f) {
    return {{"units", f.in_service},
            {"running", f.running},
            {"waiting", f.waiting},
            {"kv_occupancy", f.cache},
            {"busy", f.busy}};
}

json sample(const ServeRun& run, const ServeSample& s) {
    json out{{"from_s", seconds(double(s.from))},
             {"arrived", s.arrived},
             {"finished", s.finished},
             {"input_tokens", s.input_tokens},
             {"cached_tokens", s.cached_tokens},
             {"output_tokens", s.output_tokens},
             {"ttft_s", {{"p50", seconds(s.ttft.quantile(0.5))}, {"p99", seconds(s.ttft.quantile(0.99))}}},
             {"tpot_s", {{"p50", seconds(s.tpot.quantile(0.5))}, {"p99", seconds(s.tpot.quantile(0.99))}}}};
    out[name_of(run.deployment.setup.first.unit.role)] = fleet_sample(s.first);
    if (run.deployment.split) out["decode"] = fleet_sample(s.second);
    return out;
}

/// Where a mean request spends its time.
json time_of(const ServeRun& run) {
    const ServeResult& r = run.result;
    const double front   = seconds(double(run.deployment.setup.front_end));
    const double queue = seconds(r.queue.mean()), ttft = seconds(r.ttft.mean()),
                 whole  = seconds(r.e2e.mean());
    const double across = run.hand_over_s();
    return {{"front_end_s", front},
            {"queue_s", queue},
            {"prefill_s", std::max(0.0, ttft - front - queue - across)},
            {"hand_over_s", across},
            {"decode_s", std::max(0.0, whole - ttft)}};
}

json cost_of(const ServeRun& run) {
    const ServeResult& r = run.result;
    const double usd = run.usd(), all = r.input_tokens + r.output_tokens;
    const double seconds_run = seconds(double(r.simulated));
    // Counted tokens bear the cost of the counted time.
    const double counted = seconds_run > 0 ? usd * run.counted_s() / seconds_run : 0;
    return {{"usd", usd},
            {"usd_per_day", seconds_run > 0 ? usd / seconds_run * 86'400 : 0.0},
            {"usd_per_million_output_tokens", r.output_tokens > 0 ? counted / r.output_tokens * 1e6 : 0.0},
            {"usd_per_million_tokens", all > 0 ? counted / all * 1e6 : 0.0}};
}

json way_of(const ServeRun& run) {
    const ServeResult& r    = run.result;
    const Deployment& d     = run.deployment;
    const ServeSetup& s     = d.setup;
    const double time       = seconds(double(r.simulated));
    const FleetTotals& last = d.split ? r.second : r.first;
    json out{{"requests", r.counted},
             {"all_requests", requests_of(r)},
             {"partial", r.partial},
             {"fits", d.fits()},
             {"simulated_s", time},
             {"warm_up_s", seconds(double(s.warm_up))},
             {"ttft_s", quantiles(r.ttft)},
             {"tpot_s", quantiles(r.tpot)},
             {"itl_s", quantiles(r.between_tokens)},
             {"e2e_s", quantiles(r.e2e)},
             {"queue_s", quantiles(r.queue)},
             {"time", time_of(run)},
             {"requests_per_s", run.per_s(double(r.counted))},
             {"within_slo", r.counted > 0 ? double(r.within_slo) / double(r.counted) : 0.0},
             {"goodput", run.per_s(double(r.within_slo))},
             {"tokens_per_s", run.per_s(r.output_tokens)},
             {"input_tokens_per_s", run.per_s(r.input_tokens)},
             {"cached_share", r.input_tokens > 0 ? r.cached_tokens / r.input_tokens : 0.0},
             {"tokens_per_step", d.tokens_per_step},
             {"gpus", d.gpus()},
             {"gpu_hours", run.gpu_hours()},
             {"kv_occupancy", {{"mean", last.cache_mean}, {"max", last.cache_max}}},
             {"preemptions", r.first.preemptions + r.second.preemptions},
             {"cost", cost_of(run)}};
    const double gpu_s          = run.gpu_hours() * 3600;
    out["tokens_per_s_per_gpu"] = gpu_s > 0 && time > 0 ? run.per_s(r.output_tokens) * time / gpu_s : 0.0;
    out["phases"]               = json::array({phase_of(s.first, r.first, d.first)});
    if (d.split) {
        out["phases"].push_back(phase_of(s.second, r.second, d.second));
        out["hand_over"] = {{"fixed_s", seconds(double(s.hand_over))},
                            {"s_per_token", seconds(s.hand_over_ns)},
                            {"bytes_per_s_per_gpu", d.transfer.in(unit::B / unit::s)}};
    }
    out["series"] = json::array();
    for (const ServeSample& one : r.series) out["series"].push_back(sample(run, one));
    for (const LeftOut& lines : run.left_out)
        out["left_out"].push_back(
            {{"what", lines.what}, {"lines", lines.lines}, {"first_line", lines.first_line}});
    return out;
}

/// The geometric mean of each number, where both are above 0.
void mean_with(json& a, const json& b) {
    if (a.is_object())
        for (auto& [key, value] : a.items()) mean_with(value, b.at(key));
    if (!a.is_number_float() || !b.is_number()) return;
    const double x = a.get<double>(), y = b.get<double>();
    a = x > 0 && y > 0 ? std::sqrt(x * y) : (x + y) / 2;
}

}  // namespace

json to_json(const ServeReport& report) {
    json out = way_of(report.ways.front());
    if (report.ways.size() == 2) {
        const json off = way_of(report.ways.back());
        const json on  = out;
        for (const char* key : {"series", "phases", "hand_over"}) out.erase(key);
        mean_with(out, off);
        out["partial"]     = report.partial();
        out["fits"]        = report.fits();
        out["speculation"] = {{"on", on}, {"off", off}};
    }
    out["seed"]     = report.scenario.seed;
    out["scenario"] = to_json(report.scenario);
    return out;
}

}  // namespace isobath
