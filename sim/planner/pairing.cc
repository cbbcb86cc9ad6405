#include "sim/planner/pairing.h"

#include <algorithm>
#include <cmath>

namespace isobath {

FirstToken first_token(const PlanQuestion& q, const PrefillUnit& p, double hand_over, int prefill,
                       double rate, double hold) {
    const double lines = prefill * p.lines, busy = rate * p.service / lines;
    if (busy >= 1) return {};
    // Waiting in line, M/D/n (Lee and Longton's form of M/M/n's wait, halved for equal services).
    const double wait   = std::pow(busy, std::sqrt(2 * (lines + 1))) / (lines * (1 - busy)) / 2 * p.service;
    const double fixed  = q.front_end + hand_over;
    const double steady = p.service + wait;
    const double all    = q.kind == DemandKind::clients ? q.demand : rate * (hold + fixed + steady);
    // All first requests come at once: the mean place in line is the middle one.
    const double burst = all > lines ? (all / lines + 1) / 2 * p.service : p.service;
    const double first = std::max(burst, steady);
    return {fixed + q.first_share * first + (1 - q.first_share) * steady, fixed + steady, true};
}

int fewest_prefill(const PlanQuestion& q, const PrefillUnit& p, const DecodePoint& d, int from, int most,
                   double rate, FirstToken& found) {
    int x = std::max(from, static_cast<int>(rate * p.service / p.lines));
    for (; x <= most; ++x) {
        found = first_token(q, p, d.hand_over, x, rate, d.hold);
        if (found.possible && found.mean <= q.ttft_limit) return x;
    }
    return most + 1;
}

/// Requests per second that must end at the least. Clients in flight are rate * (hold + time before), so the
/// rate is least where the limit of the first token is used up.
static double least_rate(const PlanQuestion& q, const DecodePoint& d) {
    if (q.kind == DemandKind::all) return 0;
    return q.kind == DemandKind::requests ? q.demand : q.demand / (d.hold + q.ttft_limit);
}

int fewest_decode(const PlanQuestion& q, const DecodePoint& d) {
    return std::max(1, static_cast<int>(std::min(1e9, least_rate(q, d) / d.rate * (1 - 1e-9))));
}

PairBound bound_of(const PlanQuestion& q, const PrefillUnit& p, const DecodePoint& d) {
    PairBound b;
    const double each = p.service / p.lines;  // prefill units for each request per second, at the least
    b.ttft            = q.front_end + d.hand_over + p.service;
    if (q.kind == DemandKind::all) {
        b.gpus  = d.gpus / d.rate + p.gpus * each;
        b.usd   = d.usd / d.rate + p.usd * each;
        b.watts = d.watts / d.rate + p.watts * each;
        b.rate  = (q.max_gpus - q.spare * (p.gpus + d.gpus)) / b.gpus;
        return b;
    }
    const double rate = least_rate(q, d);
    const double y    = std::max(1.0, std::ceil(rate / d.rate - 1e-9)) + q.spare;
    const double x    = std::max(1.0, std::ceil(rate * each - 1e-9)) + q.spare;
    b.gpus            = x * p.gpus + y * d.gpus;
    b.usd             = x * p.usd + y * d.usd;
    b.watts           = x * p.watts + y * d.watts;
    b.rate            = 1e300;
    return b;
}

}  // namespace isobath
