/// What users ask of a deployment, and how it schedules what they ask: fields of a scenario.
#pragma once

#include <cstdint>
#include <string>

#include "hw/units.h"

namespace isobath {

/// JSON text of a preset's name or of an object that extends one, kept as the user wrote it.
struct PresetText {
    std::string json;
};

/// How requests come: clients who ask again once answered, a law of gaps, a day's course, users who talk, a
/// recorded trace.
enum class ArrivalProcess : std::uint8_t { closed, poisson, gamma, diurnal, sessions, trace };
/// How long prompts and answers are.
enum class LengthKind : std::uint8_t { uniform, fixed, lognormal };

struct Arrivals {
    ArrivalProcess process = ArrivalProcess::closed;
    double rate            = 0;  ///< requests per second, mean over time
    double cv              = 1;  ///< deviation over mean of the gaps, of gamma
    PresetText profile{"[]"};    ///< of diurnal: relative rates over equal parts of a day
    std::string trace;           ///< file
    double speed = 1;            ///< a trace is played so many times as fast
    Seconds think_time;          ///< of a client or a session, between an answer and the next question
};

/// Users who ask again and again; each prompt carries all that was said before.
struct SessionSpec {
    double turns         = 4;  ///< questions of a session
    double system_tokens = 0;  ///< that every first prompt begins with
    double most_context  = 131'072;
};

struct LengthSpec {
    LengthKind law  = LengthKind::uniform;
    double input_cv = 1, output_cv = 1;  ///< deviation over mean, of lognormal
};

struct Workload {
    double batch_per_gpu = 1;  ///< requests over all micro-batches of a step
    double context       = 4096;
    double isl = 4096, osl = 1024;
    double range_ratio         = 1;  ///< lengths are uniform between this share of isl, osl and all of it
    double concurrency         = 0;
    double requests_per_client = 10;
    Arrivals arrivals;
    LengthSpec lengths;
    SessionSpec sessions;
    double cached_share = 0;  ///< of a prompt's tokens, that some prefix cache holds already
    double requests     = 0;  ///< simulated; 0: what duration or clients give
    Seconds duration;         ///< in which requests arrive; 0: until all have come
    Seconds warm_up;          ///< requests of this beginning are served but not counted

    double mean_prompt() const { return mean_of(isl); }
    double mean_answer() const { return mean_of(osl); }

  private:
    double mean_of(double nominal) const {
        return lengths.law == LengthKind::uniform ? nominal * (1 + range_ratio) / 2 : nominal;
    }
};

/// What goes first: as the engine does, a step of prompts alone, or all that decode with prompts beside them.
enum class PolicyChoice : std::uint8_t { engine, prefill_first, decode_first };
enum class RouterChoice : std::uint8_t { round_robin, least_loaded, prefix_aware };
enum class PreemptionChoice : std::uint8_t { recompute, swap };

struct PrefixCaching {
    std::string capacity = "auto";       ///< bytes of each GPU, "auto" or "none"
    int block            = 512;          ///< tokens
    Bytes disk;                          ///< of each unit
    BytesPerSecond disk_bandwidth{5e9};  ///< of each GPU that loads from there; assumed: one NVMe drive
};

struct Serving {
    PolicyChoice policy         = PolicyChoice::engine;
    RouterChoice router         = RouterChoice::least_loaded;
    PreemptionChoice preemption = PreemptionChoice::recompute;
    /// Between a GPU and its host. PCIe 5.0 x16 has 63 GB/s each way by its standard; what copies reach is
    /// assumed to be eight tenths.
    BytesPerSecond swap_bandwidth{50e9};
    PrefixCaching prefix_cache;
    double chunk            = 8192;
    double receive_interval = 1;  ///< decode steps between two looks at the queue
    double balance_wait     = 0;  ///< decode steps that attention ranks wait for each other's prompts
    double max_running      = 0;  ///< requests on one attention rank; 0: what the cache holds
    PresetText units{"{}"};
    PresetText schedule{"{}"};  ///< {"prefill": [units over equal parts of a day], "decode": [...]}
    int spare = 0;              ///< units of each kind beside those that serve
    Seconds mtbf, repair;       ///< of one GPU; until its unit serves again
    Seconds rebalance_interval, rebalance_pause;
};

}  // namespace isobath
