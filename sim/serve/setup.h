/// What a simulation of a deployment is told: its units, how they schedule, how requests find them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/serve/step_table.h"

namespace isobath {

/// What a unit does: all of it, or one phase of a disaggregated deployment.
enum class UnitRole : std::uint8_t { aggregated, prefill, decode };
/// prefill_first: a step that prefills takes no decoding request along, and goes first (SGLang);
/// decode_first: every step decodes all that run and fills what is left of `chunk` with prompts (vLLM).
enum class SchedulePolicy : std::uint8_t { prefill_first, decode_first };
/// What becomes of a request that the cache has no more room for.
enum class Preemption : std::uint8_t { recompute, swap };
enum class RouterRule : std::uint8_t { round_robin, least_loaded, prefix_aware };

/// Where prompts' prefixes are kept for those who come later.
struct PrefixCacheSpec {
    bool on          = false;
    int block_tokens = 512;
    double tokens = 0;  ///< that each rank keeps beside the running requests; below 0: what they leave free
    double disk_tokens = 0;  ///< that each unit keeps on disk, for all its ranks
    double disk_ns     = 0;  ///< to load a token from there, on the rank that waits for it
};

/// One kind of unit: GPUs that step together.
struct UnitSpec {
    UnitRole role         = UnitRole::aggregated;
    SchedulePolicy policy = SchedulePolicy::prefill_first;
    int ranks             = 1;  ///< attention ranks, each with requests of its own
    int gpus              = 1;
    std::shared_ptr<const StepTable> steps;
    std::int64_t cache_tokens = 0;        ///< of one rank
    int max_running           = 1 << 30;  ///< requests of one rank
    std::int64_t chunk        = 8192;     ///< most new tokens of one rank in a step
    int receive_interval      = 1;        ///< decode steps between two looks at the queue
    int balance_wait          = 0;        ///< decode steps that ranks wait until each has a prompt
    /// Share of what is left of all answers that admission keeps room for, 0 to 1; the next step's tokens at
    /// least. Below 1 the cache may overflow, and requests are preempted.
    double answer_reserved       = 1;
    Preemption preemption        = Preemption::recompute;
    double swap_ns               = 0;    ///< to move a token's cache out or in
    std::vector<double> accepted = {1};  ///< chance that a step yields 1, 2, ... tokens for a request
    double speculation_ns        = 0;    ///< host time of a decode step for each running request of the unit
    PrefixCacheSpec prefix;
    Ticks rebalance_every = 0, rebalance_pause = 0;  ///< experts moved every so often; 0: never
};

/// Units of one kind.
struct FleetSpec {
    UnitSpec unit;
    int count = 1;
    /// Units in service from a moment on, in order of time; empty: all of them always. A unit that leaves
    /// takes no new request and ends those it has.
    struct Change {
        Ticks at  = 0;
        int count = 1;
    };
    std::vector<Change> schedule;
    bool repeats_daily = false;  ///< the schedule covers a day and starts again
    int spare          = 0;      ///< units kept beside `count`, that step in when one fails; paid, too
};

/// Failures of GPUs, independent and without memory; each stops the unit that the GPU belongs to.
struct FailureSpec {
    Ticks mean_between = 0;  ///< of one GPU; 0: none fails
    Ticks repair       = 0;  ///< until a failed unit takes requests again
};

struct ServeSetup {
    FleetSpec first;   ///< aggregated or prefill units
    FleetSpec second;  ///< decode units; count 0 where `first` is aggregated
    RouterRule router   = RouterRule::least_loaded;
    int prefix_margin   = 8;  ///< requests a rank by which prefix_aware lets a load exceed the least
    Ticks front_end     = 0;  ///< half before the scheduler sees a request, half after its first token
    Ticks hand_over     = 0;  ///< from a prefill unit to a decode unit: fixed
    double hand_over_ns = 0;  ///< and for each token of the prompt
    /// Whether decode units answer the users: then the first token, too, waits for the hand-over.
    bool first_token_waits = false;
    FailureSpec failures;
    Ticks warm_up      = 0;  ///< requests that arrive before are served but not counted
    Ticks stop         = 0;  ///< no request arrives later; 0: the source says
    std::uint64_t seed = 1;
    Ticks slo_ttft = 0, slo_tpot = 0;  ///< 0: no limit
    Ticks series_every = 0;            ///< time series' interval; 0: chosen from the length of the run
};

}  // namespace isobath
