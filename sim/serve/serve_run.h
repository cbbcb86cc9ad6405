/// The answer to `isobath serve`: a scenario served request by request, and what that means to users and
/// bill.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/plot/figure.h"
#include "sim/serve/deployment.h"
#include "sim/serve/simulate.h"

namespace isobath {

struct ServeOptions {
    ServeHooks hooks = {};
    int threads      = 1;
    bool skip_bad    = false;  ///< leave out lines of a trace that cannot be read
};

/// Lines of a trace that were left out.
struct LeftOut {
    std::string what;
    std::uint64_t lines = 0, first_line = 0;
};

/// One simulation.
struct ServeRun {
    Scenario scenario;
    Deployment deployment;
    ServeResult result;
    std::vector<LeftOut> left_out;

    double counted_s() const;  ///< simulated time after the warm-up
    double per_s(double amount) const;
    double gpu_hours() const;  ///< paid: units in service and spares
    double usd() const;
    double hand_over_s() const;  ///< of a mean prompt; 0 where units do both phases
};

/// What a scenario answers: one run, or, where it does not know whether the server speculates, one of each
/// way.
struct ServeReport {
    Scenario scenario;
    std::vector<ServeRun> ways;  ///< the first one with speculation, if there are two

    bool fits() const;
    bool partial() const;
};

/// Throws SpecError where units, schedule, lengths or trace make no sense.
ServeReport serve_scenario(const Scenario& scenario, const DataFiles& data, const ServeOptions& options = {});

/// One object; schema: isobath schema serve.
nlohmann::json to_json(const ServeReport& report);
/// For people, in colour only if asked for.
std::string to_text(const ServeReport& report, bool colour);
/// The time series, one row an interval.
std::string series_csv(const ServeRun& run);

/// Shares of requests within a time: of first tokens, tokens and whole answers, with the SLO's limits.
std::vector<plot::Figure> percentile_figures(const ServeReport& report);
/// Requests, cache, tokens and units over time.
std::vector<plot::Figure> series_figures(const ServeRun& run);

/// Events of a window of time, as a Chrome/Perfetto trace: a process for each unit, a row for its steps and
/// one for each request that passes through.
class ServeTrace {
  public:
    ServeTrace(Ticks from, Ticks to) : from_(from), to_(to) {}
    void add(const ServeEvent& event);
    std::string text() const;
    /// Events beyond this number are not kept.
    static constexpr std::size_t kMost = 2'000'000;
    bool full() const { return events_.size() >= kMost; }

  private:
    Ticks from_, to_;
    std::vector<ServeEvent> events_;
};

}  // namespace isobath
