#include "sim/curve/curve.h"

#include <algorithm>
#include <cmath>

#include "sim/run_result.h"
#include "sim/served/served.h"

namespace isobath {
namespace {

constexpr double kMostClients = 1 << 20;
constexpr double kStill       = 1.01;  ///< a doubling that gains less ends the curve

ServicePoint point_of(double clients, int gpus, double per_answer_tokens, const Estimate& tpot,
                      const Estimate& ttft, double answer) {
    ServicePoint p;
    p.concurrency   = clients;
    p.tpot          = tpot.time;
    p.ttft          = ttft.time;
    p.per_user      = 1 / tpot.time.base();
    p.per_user_low  = 1 / tpot.high.base();
    p.per_user_high = 1 / tpot.low.base();
    // Little's law: every client has one answer under way, from its question to its last token.
    const auto rate = [&](Seconds first, Seconds each) {
        return clients * per_answer_tokens / (first + (answer - 1) * each).base() / gpus;
    };
    p.per_gpu      = rate(ttft.time, tpot.time);
    p.per_gpu_low  = rate(ttft.high, tpot.high);
    p.per_gpu_high = rate(ttft.low, tpot.low);
    return p;
}

ServicePoint served_point(Scenario s, const DataFiles& data, double clients, int& gpus) {
    s.workload.concurrency = clients;
    const ServedResult r   = predict_served(s, data);
    gpus                   = r.gpus;
    const double answer    = s.workload.osl * (1 + s.workload.range_ratio) / 2;
    ServicePoint p         = point_of(clients, gpus, answer, r.tpot, r.ttft, answer);
    p.waiting              = r.loop.waiting;
    return p;
}

/// A decode scenario says nothing of prefill: every request decodes all the time.
ServicePoint decode_point(Scenario s, const DataFiles& data, double clients, int& gpus) {
    gpus                     = s.cluster.gpus();
    s.workload.batch_per_gpu = clients / gpus;
    const RunResult r        = run_scenario(s, data);
    const double gain        = r.tokens_per_step;
    const Estimate tpot{r.times.step / gain, r.step_range.low / gain, r.step_range.high / gain,
                        Source::fitted};
    ServicePoint p = point_of(clients, gpus, 1, tpot, {}, 2);
    p.waiting      = r.fits ? 0 : 1;
    return p;
}

bool within(const Scenario& s, const ServicePoint& p) {
    const auto meets = [](Seconds limit, Seconds is) { return limit <= Seconds{} || is <= limit; };
    return meets(s.slo.tpot_p90, p.tpot) && meets(s.slo.ttft_p90, p.ttft);
}

bool ends(const std::vector<ServicePoint>& points) {
    if (points.empty()) return false;
    if (points.back().waiting > 0 || points.back().concurrency > kMostClients) return true;
    const auto n = points.size();
    return n > 1 && points[n - 1].per_gpu < kStill * points[n - 2].per_gpu;
}

double first_clients(const Scenario& s) {
    return s.phase == Phase::decode ? std::max(1, s.layout.attention_dp) : 1;
}

}  // namespace

/// Where `value` lies between `low` and `high`, in octaves.
static double share(double value, double low, double high) {
    return high > low ? std::log(value / low) / std::log(high / low) : 0;
}

std::size_t knee_of(const std::vector<ServicePoint>& points) {
    std::size_t best = 0;
    double most      = -1;
    for (std::size_t i = 0; i + 1 < points.size() || i == 0; ++i) {
        const ServicePoint &a = points.front(), &b = points.back(), &p = points[i];
        const double x = share(p.per_user, b.per_user, a.per_user),
                     y = share(p.per_gpu, a.per_gpu, b.per_gpu);
        if (x + y - 1 > most) {
            most = x + y - 1;
            best = i;
        }
    }
    return best;
}

Curve curve_of(const Scenario& s, const DataFiles& data, std::vector<double> clients) {
    if (s.phase != Phase::serve && s.phase != Phase::decode)
        fail_at(s.file, "/phase", "a curve needs serve (closed loop) or decode (steps alone)");
    Curve c;
    c.scenario      = s;
    const auto take = [&](double n) {
        c.points.push_back(s.phase == Phase::serve ? served_point(s, data, n, c.gpus)
                                                   : decode_point(s, data, n, c.gpus));
        c.points.back().meets_slo = within(s, c.points.back());
    };
    std::sort(clients.begin(), clients.end());
    for (const double n : clients) take(n);
    if (clients.empty())
        for (double n = first_clients(s); !ends(c.points); n *= 2) take(n);
    c.knee = knee_of(c.points);
    for (std::size_t i = 0; i < c.points.size(); ++i)
        if (c.points[i].meets_slo && c.points[i].waiting <= 0) c.best_in_slo = i;
    return c;
}

}  // namespace isobath
