/// The serving simulation once more, slowly: every decision made request by request, with plain lists.
#pragma once

#include <vector>

#include "sim/serve/simulate.h"

namespace isobath {

/// What the slow simulation found. Integrals in requests, units or 2^-20 tokens times nanoseconds.
struct SlowFleet {
    __int128 running = 0, waiting = 0, busy = 0, paid = 0, cache = 0;
    std::uint64_t steps = 0, preemptions = 0, failures = 0, retried = 0;
    std::int64_t waiting_max = 0;
    std::vector<std::int64_t> rank_tokens;
};
struct SlowResult {
    std::vector<ServeEvent> events;
    std::vector<Ticks> ttft, tpot, e2e, queue, gaps;
    SlowFleet first, second;
    Ticks end = 0;
};

/// Shares with the fast one what a step takes, what a prefix cache holds and what is drawn; no decision.
SlowResult serve_slowly(const ServeSetup& setup, RequestSource& source);

}  // namespace isobath
