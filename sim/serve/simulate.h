/// Every request of a deployment, served step by step.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/serve/quantiles.h"
#include "sim/serve/setup.h"

namespace isobath {

/// What happened to a request, or in a unit: for traces of a window, and for tests that compare decisions.
struct ServeEvent {
    enum class Kind : std::uint8_t {
        arrived,
        admitted,
        prefilled,
        first_token,
        preempted,
        handed_over,
        finished,
        failed,
        step
    };
    Kind kind = Kind::arrived;
    Ticks at = 0, until = 0;  ///< until: the end of a step, of a hand-over
    std::uint64_t request = 0;
    std::int32_t fleet = 0, unit = 0, rank = 0;
    std::int64_t tokens = 0;  ///< prefilled in this step, generated so far, or running in a step
};

/// A unit fleet over one interval of the time series.
struct FleetSample {
    double in_service = 0;            ///< units that are paid, mean over time
    double running = 0, waiting = 0;  ///< requests, mean over time, all units
    double cache = 0;                 ///< share of the cache in use, mean over time and units
    double busy  = 0;                 ///< share of paid units' time in steps
};
struct ServeSample {
    Ticks from            = 0;
    std::uint64_t arrived = 0, finished = 0;
    double input_tokens = 0, cached_tokens = 0, output_tokens = 0;
    FleetSample first, second;
    Quantiles ttft, tpot;
};

/// One fleet over the whole run.
struct FleetTotals {
    double unit_seconds = 0;  ///< in service, spares included: what is paid
    double busy_s       = 0;  ///< in steps
    std::uint64_t steps = 0, prefill_steps = 0, preemptions = 0, failures = 0, retried = 0;
    double cache_mean   = 0,
           cache_max    = 0;  ///< share of the cache in use: mean over time, greatest of any rank
    double running_mean = 0, waiting_mean = 0;  ///< requests over all units, mean over time
    std::int64_t waiting_max = 0;
    Quantiles step_time;              ///< of decode steps
    std::vector<double> rank_tokens;  ///< computed by rank r of all units: new and generated ones
};

struct ServeResult {
    Ticks simulated       = 0;      ///< until the last request was answered, or the run was stopped
    bool partial          = false;  ///< stopped from outside
    std::uint64_t arrived = 0, finished = 0, counted = 0, rejected = 0;  ///< rejected: can never fit
    double input_tokens = 0, cached_tokens = 0, output_tokens = 0;       ///< of counted requests
    std::uint64_t within_slo = 0;                      ///< counted requests inside both limits
    Quantiles ttft, tpot, e2e, queue, between_tokens;  ///< between_tokens: gaps between two steps' tokens
    FleetTotals first, second;
    std::vector<ServeSample> series;
};

/// What a run may be asked while it goes on.
struct ServeHooks {
    std::function<void(const ServeEvent&)> event;                  ///< none: nothing is recorded
    std::function<bool(Ticks now, std::uint64_t finished)> go_on;  ///< asked now and then; false ends the run
};

/// Serves all requests of the source. Deterministic in setup and source; with `threads` above 1 and a source
/// that does not listen, the two fleets of a split deployment run beside each other, with the same result.
ServeResult simulate(const ServeSetup& setup, RequestSource& source, const ServeHooks& hooks = {},
                     int threads = 1);

}  // namespace isobath
