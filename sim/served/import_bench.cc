#include "sim/served/import_bench.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/served/served.h"

namespace isobath {
namespace {

using nlohmann::json;

ServedRun run_of(const Scenario& base, const BenchRun& b) {
    ServedRun run{b.file, base, b.tpot, b.ttft, 0};
    Workload& w   = run.scenario.workload;
    w.concurrency = b.concurrency;
    // The file holds means; the nominal length behind a mean m is 2 m / (1 + range_ratio).
    const double nominal = 2 / (1 + w.range_ratio);
    if (b.tool == "server log") {
        w.isl = std::max(1.0, b.prompt * nominal - w.osl / 2);
        return run;
    }
    const double share = b.tool == "InferenceX" ? 1 : nominal;  // InferenceX prints nominal lengths
    if (b.prompt > 0) w.isl = b.prompt * share;
    if (b.answer > 0) w.osl = b.answer * share;
    if (b.requests > 0) w.requests_per_client = std::max(1.0, b.requests / b.concurrency);
    return run;
}

std::vector<ServedConstant> constants_of(const Engine& engine, int values) {
    const std::string file = "scenarios/engines/" + engine.name + ".json";
    const auto constant    = [&](const char* name, const char* at, const Figure<Seconds>& f, double least) {
        const double start = std::max(least, f.value.base());
        return ServedConstant{name, {},    file,  at,   start, least / 10, std::max(100 * least, 10 * start),
                              1.0,  start, start, start};
    };
    std::vector<ServedConstant> all{
        constant("step overhead", "/host_step_overhead", engine.host_step_overhead, 1e-4),
        constant("front end", "/front_end", engine.front_end, 1e-2),
        constant("prefill overhead", "/prefill_step_overhead", engine.prefill_step_overhead, 1e-2)};
    all.resize(static_cast<std::size_t>(std::clamp(values / 8, 1, 3)));
    return all;
}

int values_in(const std::vector<BenchRun>& runs) {
    int n = 0;
    for (const BenchRun& r : runs) n += (r.tpot > Seconds{}) + (r.ttft > Seconds{});
    return n;
}

double share_inside(const std::vector<ServedRun>& runs, const DataFiles& data) {
    int inside = 0, all = 0;
    for (const ServedRun& run : runs) {
        const ServedResult r = predict_served(run.scenario, data);
        const auto count     = [&](Seconds measured, const Estimate& e) {
            if (measured <= Seconds{}) return;
            ++all;
            inside += e.low <= measured && measured <= e.high;
        };
        count(run.tpot, r.tpot);
        count(run.ttft, r.ttft);
    }
    return all > 0 ? double(inside) / all : 0;
}

}  // namespace

BenchImport import_bench(const Scenario& scenario, std::vector<BenchRun> bench, const DataFiles& data) {
    std::vector<ServedRun> runs;
    for (const BenchRun& b : bench) runs.push_back(run_of(scenario, b));
    const std::vector<bool> all(runs.size(), true), none(runs.size(), false);
    BenchImport out;
    const auto constants = constants_of(scenario.engine, values_in(bench));
    out.before           = fit_served(runs, none, constants, data).errors;
    const ServedFit fit  = fit_served(runs, all, constants, data);
    out.after            = fit.errors;
    out.constants        = fit.constants;
    out.engine           = scenario.engine.name;
    out.inside           = share_inside(runs, data);
    out.runs             = std::move(bench);
    return out;
}

json engine_of(const BenchImport& i) {
    json out{{"extends", i.engine}};
    for (const ServedConstant& c : i.constants)
        out[c.at.substr(1)] = {{"value", fmt::format("{:.6g} us", c.value * 1e6)},
                               {"low", fmt::format("{:.6g} us", c.value_low * 1e6)},
                               {"high", fmt::format("{:.6g} us", c.value_high * 1e6)},
                               {"source", fmt::format("fitted to {} own benchmark runs", i.runs.size())}};
    return out;
}

json to_json(const BenchImport& i) {
    json runs = json::array();
    for (std::size_t k = 0; k < i.runs.size(); ++k) {
        const BenchRun& r = i.runs[k];
        runs.push_back({{"file", r.file},
                        {"tool", r.tool},
                        {"concurrency", r.concurrency},
                        {"prompt_tokens", r.prompt},
                        {"answer_tokens", r.answer},
                        {"tpot_s", r.tpot.base()},
                        {"ttft_s", r.ttft.base()},
                        {"tpot_error_before", std::expm1(i.before[k].tpot)},
                        {"tpot_error_after", std::expm1(i.after[k].tpot)},
                        {"ttft_error_before", std::expm1(i.before[k].ttft)},
                        {"ttft_error_after", std::expm1(i.after[k].ttft)}});
    }
    return {{"runs", runs}, {"engine", engine_of(i)}, {"inside_interval_before", i.inside}};
}

std::string to_text(const BenchImport& i) {
    std::string out = fmt::format("{:<28} {:>8} {:>22} {:>22}   {}\n", "run", "clients",
                                  "TPOT measured, error", "TTFT measured, error", "with fitted overheads");
    const auto cell = [](Seconds t, double e) {
        return t > Seconds{} ? fmt::format("{:.4g} ms {:+.1f} %", t.in(unit::ms), 100 * std::expm1(e))
                             : std::string("-");
    };
    for (std::size_t k = 0; k < i.runs.size(); ++k) {
        const BenchRun& r = i.runs[k];
        const auto slash  = r.file.rfind('/');
        out += fmt::format("{:<28} {:>8g} {:>22} {:>22}   {:+.1f} %, {:+.1f} %\n",
                           slash == r.file.npos ? r.file : r.file.substr(slash + 1), r.concurrency,
                           cell(r.tpot, i.before[k].tpot), cell(r.ttft, i.before[k].ttft),
                           100 * std::expm1(i.after[k].tpot), 100 * std::expm1(i.after[k].ttft));
    }
    out += fmt::format("\nMeasured values inside the predicted 80 % interval, before fitting: {:.0f} %\n",
                       100 * i.inside);
    out +=
        fmt::format("Fitted on top of engine {} ({} constant{} for {} values; kernels stay as they are):\n",
                    i.engine, i.constants.size(), i.constants.size() == 1 ? "" : "s", values_in(i.runs));
    for (const ServedConstant& c : i.constants)
        out += fmt::format("  {:<18} {:>10.4g} ms   80 % interval {:.4g} to {:.4g} ms\n", c.name,
                           c.value * 1e3, c.value_low * 1e3, c.value_high * 1e3);
    return out;
}

}  // namespace isobath
