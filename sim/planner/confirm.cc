#include "sim/planner/confirm.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/planner/planned_scenario.h"
#include "sim/scenario_reader.h"
#include "sim/serve/serve_run.h"

namespace isobath {
namespace {

/// Requests that say enough of a ninth decile: its standard error is 0.3 % of the rank.
constexpr double kRequests = 10'000;

constexpr double kSecond = 1e9;  ///< ticks

/// Enough requests of each client, and of all together; the same seed for all.
Scenario to_simulate(const Scenario& planned) {
    Scenario s = planned;
    if (s.workload.arrivals.process == ArrivalProcess::closed)
        s.workload.requests = std::max(kRequests, s.workload.concurrency * s.workload.requests_per_client);
    return s;
}

Confirmation confirmation_of(const PlanRecord& record, const ServeRun& run, const Slo& slo) {
    Confirmation c;
    c.record       = record;
    c.requests     = double(run.result.counted);
    c.tpot_mean    = run.result.tpot.mean() / kSecond;
    c.ttft_mean    = run.result.ttft.mean() / kSecond;
    c.tpot_p90     = run.result.tpot.quantile(0.9) / kSecond;
    c.ttft_p90     = run.result.ttft.quantile(0.9) / kSecond;
    c.tokens_per_s = run.per_s(run.result.output_tokens);
    const auto in  = [](Seconds limit, double is) { return limit <= Seconds{} || is <= limit.base(); };
    c.meets_slo    = in(slo.tpot_p90, c.tpot_p90) && in(slo.ttft_p90, c.ttft_p90);
    return c;
}

}  // namespace

std::vector<Confirmation> confirm(const PlanAnswer& a, int top, const DataFiles& data) {
    std::vector<Confirmation> out;
    for (const PlanRecord& r : a.search.records) {
        if (static_cast<int>(out.size()) >= top) break;
        const nlohmann::json doc = planned_scenario(a.scenario, a.search, r);
        if (doc.is_null()) continue;
        const Scenario s         = to_simulate(read_scenario(doc.dump(), a.scenario.file, data));
        const ServeReport report = serve_scenario(s, data);
        if (!report.ways.empty()) out.push_back(confirmation_of(r, report.ways.front(), a.scenario.slo));
    }
    return out;
}

}  // namespace isobath
