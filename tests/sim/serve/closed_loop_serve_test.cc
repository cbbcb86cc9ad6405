#include <cmath>

#include "sim/scenario_reader.h"
#include "sim/serve/serve_run.h"
#include "sim/served/served.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

Scenario with(const char* name, const std::vector<std::string>& set) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return load_scenario(name, DataFiles(), overrides);
}

/// Simulated over closed form.
struct Ratios {
    double tpot, throughput;
};

Ratios ratios(const char* name, const std::vector<std::string>& set = {}) {
    const Scenario s          = with(name, set);
    const ServedResult closed = predict_served(s, DataFiles());
    const ServeReport report  = serve_scenario(s, DataFiles());
    const ServeRun& run       = report.ways.front();
    REQUIRE(run.result.counted > 0);
    return {run.result.tpot.mean() * 1e-9 / closed.tpot.time.in(unit::s),
            run.per_s(run.result.output_tokens) / closed.output_tokens_per_s};
}

}  // namespace

TEST_CASE("serve: the closed form of a busy server is what a simulation of its requests finds",
          "[sim][serve]") {
    // Runs long enough that the first wave and the last requests do not show.
    for (const char* name : {"deepseek-r1-serve-tp8-h200", "deepseek-r1-serve-split-h200"}) {
        const Ratios r = ratios(name, {"workload.requests_per_client=40"});
        INFO(name << ": TPOT " << r.tpot << ", tokens/s " << r.throughput);
        CHECK(std::abs(r.tpot - 1) < 0.03);
        CHECK(std::abs(r.throughput - 1) < 0.03);
    }
}
