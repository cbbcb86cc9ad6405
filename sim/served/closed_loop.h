/// A closed loop in steady state: so many clients, each of which asks again as soon as it is answered.
///
/// Plain arithmetic on what a step takes; no model, no engine. Lengths are uniform between `range_ratio` of
/// the nominal length and all of it, as serving benchmarks draw them, and all first requests come at once.
///
/// Sources: Little's law; the rest is derived beside each formula in closed_loop.cc and in docs/serving.md.
#pragma once

#include <functional>

#include "hw/units.h"

namespace isobath {

/// What the clients ask of one group of GPUs that shares its requests.
struct LoopLoad {
    double clients             = 1;
    double prompt              = 1;   ///< mean tokens
    double answer              = 2;   ///< mean tokens
    double requests_per_client = 10;  ///< of the whole run: the first of them meet an idle server
};

/// How the engine schedules.
struct LoopEngine {
    Seconds front_end;            ///< from the client to the scheduler and from the first token to the client
    double chunk        = 8192;   ///< most prompt tokens that one prefill step takes, on each attention rank
    double poll         = 1;      ///< decode steps between two looks at the queue
    double balance_wait = 0;      ///< decode steps that attention ranks wait until all of them have a prompt
    double slots        = 1e9;    ///< requests that the cache or the engine admits on one attention rank
    int ranks           = 1;      ///< attention ranks that step together
    bool mixed          = false;  ///< a prefill step carries the decoding requests along
};

/// Duration of one decode step of so many requests on each rank, and of one prefill step of so many prompts
/// on each rank.
struct LoopSteps {
    std::function<Seconds(double requests)> decode;
    std::function<Seconds(double prompts)> prefill;
    double tokens_per_step = 1;  ///< that a request gains in a decode step
};

/// Means over all requests of the run.
struct LoopResult {
    Seconds tpot, ttft;
    double running  = 0;  ///< requests that decode together on one rank
    double waiting  = 0;  ///< requests that no slot holds, on one rank
    double together = 1;  ///< prompts in one prefill step of one rank
    Seconds decode_step, prefill_step;
    Seconds stall;                           ///< of the time per output token: other requests' prefill
    Seconds first_wave, queue, own_prefill;  ///< of the time to first token
};

/// Prefill and decode share the GPUs.
LoopResult aggregated_loop(const LoopLoad& load, const LoopEngine& engine, const LoopSteps& steps);

/// Prefill on `workers` units of their own, each of engine.ranks attention ranks, decode on `decoders` units.
struct SplitUnits {
    double workers = 1, decoders = 1;
    int decode_ranks    = 1;    ///< attention ranks of a decode unit
    double decode_slots = 1e9;  ///< of one decode rank
    Seconds hand_over;          ///< until the decode unit has the cache
};
LoopResult split_loop(const LoopLoad& load, const LoopEngine& prefill, const SplitUnits& units,
                      const LoopSteps& steps);

}  // namespace isobath
