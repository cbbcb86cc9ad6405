/// Prefill units feed decode units: how many of each, and what users feel. Arithmetic on what was evaluated;
/// no model.
#pragma once

#include <vector>

#include "sim/planner/question.h"

namespace isobath {

/// A prefill unit that takes one prompt at a time on each of its lines.
struct PrefillUnit {
    double service = 0;                   ///< seconds for one prompt on every line
    double lines   = 1;                   ///< attention ranks
    double gpus = 8, usd = 0, watts = 0;  ///< of the unit; per hour; drawn
    /// GPUs for each request per second: what decides between prefill units.
    double gpus_per_rate() const { return gpus * service / lines; }
};

/// A decode unit at one batch.
struct DecodePoint {
    double hold = 0;  ///< seconds that a request decodes
    double tpot = 0;
    double rate = 0;  ///< requests per second that one unit ends
    double gpus = 8, usd = 0, watts = 0;
    double hand_over = 0;
};

/// `prefill` and `decode` units, spares left out, and what they serve.
struct PairedUnits {
    int prefill = 0, decode = 0;
    double ttft = 0, steady = 0;  ///< mean; without the burst of first requests
    double rate    = 0;           ///< requests per second
    double clients = 0;           ///< in flight
};

/// Time to first token where `prefill` units take `rate` requests per second, none where they cannot.
/// As split_loop() has it (sim/served/closed_loop.cc): M/D/n's wait, the first request of every client meets
/// a burst of all of them. Falls as prefill units are added: the share in use falls, and with it the wait.
struct FirstToken {
    double mean = 0, steady = 0;  ///< over all requests; without the first burst
    bool possible = false;
};
FirstToken first_token(const PlanQuestion& question, const PrefillUnit& unit, double hand_over, int prefill,
                       double rate, double hold);

/// Calls `take` with every combination of units worth having, and says how many combinations it tried. For a
/// given demand: the fewest decode units that meet it at this batch, with the fewest prefill units that meet
/// the limit. For all that fits: each number of decode units with the fewest prefill units.
///
/// Exact over whole units: fewer decode units than the demand needs cannot serve it, and a prefill unit more
/// than the limit needs only costs. Decode units run at the full batch in every figure; where the demand
/// leaves some of it free, the figures are on the safe side and a smaller batch of the list comes closer.
template <class Take>
void pair_units(const PlanQuestion& question, const PrefillUnit& prefill, const DecodePoint& decode,
                Take take);

/// Limits that no pair of these two can beat, whatever their numbers.
struct PairBound {
    double gpus = 0, usd = 0, watts = 0;  ///< of the deployment: per request per second where all are used
    double ttft = 0;
    double rate = 0;  ///< most requests per second within max_gpus
};
PairBound bound_of(const PlanQuestion& question, const PrefillUnit& prefill, const DecodePoint& decode);

// ---- the loop, inlined for the search ----

/// The fewest prefill units, `from` or more, that meet the limit; beyond `most`: none.
int fewest_prefill(const PlanQuestion& question, const PrefillUnit& prefill, const DecodePoint& decode,
                   int from, int most, double rate, FirstToken& found);

/// A number of decode units below which the demand cannot be met.
int fewest_decode(const PlanQuestion& question, const DecodePoint& decode);

template <class Take>
void pair_units(const PlanQuestion& q, const PrefillUnit& p, const DecodePoint& d, Take take) {
    const double room = q.max_gpus - q.spare * (p.gpus + d.gpus);
    int x             = 1;
    int y             = fewest_decode(q, d);
    for (; y * d.gpus + x * p.gpus <= room; ++y) {
        double rate = y * d.rate;
        if (q.kind == DemandKind::requests) {
            if (rate < q.demand * (1 - 1e-12)) continue;
            rate = q.demand;
        }
        FirstToken first;
        const int most = static_cast<int>((room - y * d.gpus) / p.gpus + 1e-9);
        x              = fewest_prefill(q, p, d, x, most, rate, first);
        if (x > most) return;  // more decode units need no fewer prefill units
        const double clients = rate * (d.hold + first.steady);
        if (q.kind == DemandKind::clients && clients < q.demand * (1 - 1e-12)) continue;
        take(PairedUnits{x, y, first.mean, first.steady, rate, clients});
        if (q.kind != DemandKind::all) return;
    }
}

}  // namespace isobath
