#include "sim/serve/serve_run.h"

#include <algorithm>

#include "sim/serve/sources/trace_source.h"
#include "sim/serve/traffic.h"

namespace isobath {
namespace {

std::vector<LeftOut> left_out_of(const RequestSource& source) {
    std::vector<LeftOut> out;
    if (const auto* trace = dynamic_cast<const TraceSource*>(&source))
        for (const SkippedLines& s : trace->skipped()) out.push_back({s.what, s.lines, s.first_line});
    return out;
}

ServeRun serve_known(const Scenario& s, const DataFiles& data, const ServeOptions& options) {
    ServeRun run;
    run.scenario      = s;
    run.deployment    = deployment_of(s, data);
    const auto source = traffic_of(s, options.skip_bad);
    if (run.deployment.fits())
        run.result = simulate(run.deployment.setup, *source, options.hooks, options.threads);
    run.left_out = left_out_of(*source);
    return run;
}

double usd_per_gpu_hour(const Scenario& s) {
    return s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
}

}  // namespace

double ServeRun::counted_s() const {
    return std::max(0.0, double(result.simulated - deployment.setup.warm_up) * 1e-9);
}

double ServeRun::per_s(double amount) const {
    const double time = counted_s();
    return time > 0 ? amount / time : 0;
}

double ServeRun::gpu_hours() const {
    const ServeSetup& s = deployment.setup;
    const double first  = result.first.unit_seconds * s.first.unit.gpus;
    const double second = deployment.split ? result.second.unit_seconds * s.second.unit.gpus : 0;
    return (first + second) / 3600;
}

double ServeRun::usd() const {
    return gpu_hours() * usd_per_gpu_hour(scenario);
}

double ServeRun::hand_over_s() const {
    const ServeSetup& s = deployment.setup;
    if (!deployment.split || result.counted == 0) return 0;
    return 1e-9 * (double(s.hand_over) + s.hand_over_ns * result.input_tokens / double(result.counted));
}

bool ServeReport::fits() const {
    return std::all_of(ways.begin(), ways.end(), [](const ServeRun& r) { return r.deployment.fits(); });
}

bool ServeReport::partial() const {
    return std::any_of(ways.begin(), ways.end(), [](const ServeRun& r) { return r.result.partial; });
}

ServeReport serve_scenario(const Scenario& s, const DataFiles& data, const ServeOptions& options) {
    ServeReport out{s, {}};
    if (s.phase != Phase::serve)
        fail_at(s.file, "/phase", "a step is not served; allowed here: serve (isobath run has the others)");
    if (s.speculation.method == SpeculationMethod::none || s.speculation.use != SpeculationUse::unknown) {
        out.ways.push_back(serve_known(s, data, options));
        return out;
    }
    for (const SpeculationUse use : {SpeculationUse::on, SpeculationUse::off}) {
        Scenario way        = s;
        way.speculation.use = use;
        out.ways.push_back(serve_known(way, data, options));
    }
    return out;
}

}  // namespace isobath
