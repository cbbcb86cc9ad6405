#include "sim/planner/question.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobath {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

double limit(Seconds time) {
    return time > Seconds{} ? time.base() : kNone;
}

void set_demand(const Scenario& s, PlanQuestion& q) {
    const Workload& w = s.workload;
    const bool all    = s.plan.demand == PlanDemand::all;
    if (all && s.plan.growth > 0)
        fail_at(s.file, "/plan/growth", "demand all has no size that could grow; allowed: 0");
    const bool closed = w.arrivals.process == ArrivalProcess::closed;
    if (!all && !closed && !(w.arrivals.rate > 0))
        fail_at(s.file, "/workload/arrivals/process",
                "a plan needs a number of clients or a rate; allowed: closed, poisson, gamma, diurnal");
    if (!all && closed && !(w.concurrency > 0))
        fail_at(s.file, "/workload/concurrency",
                "missing; requests in flight over the whole cluster, above 0, or plan.demand = all");
    q.kind   = all ? DemandKind::all : closed ? DemandKind::clients : DemandKind::requests;
    q.demand = (closed ? w.concurrency : w.arrivals.rate) * (1 + s.plan.growth);
}

}  // namespace

double PlanQuestion::rounds(double gain) const {
    return std::max(1.0, (answer - 1) / gain);
}

PlanQuestion plan_question(const Scenario& s) {
    PlanQuestion q;
    if (s.phase != Phase::serve) fail_at(s.file, "/phase", "a plan is for servers; allowed: serve");
    set_demand(s, q);
    q.objective = s.plan.objective;
    q.prompt    = s.workload.mean_prompt();
    q.cached    = s.workload.cached_share;
    q.answer    = s.workload.mean_answer();
    // The first requests of a closed loop come at once; open arrivals have no such burst.
    const bool burst = q.kind != DemandKind::requests;
    q.first_share    = burst ? 1 / std::max(1.0, s.workload.requests_per_client) : 0;
    q.ttft_limit     = limit(s.slo.ttft_p90);
    q.tpot_limit     = limit(s.slo.tpot_p90);
    q.max_gpus       = s.plan.max_gpus > 0 ? s.plan.max_gpus : s.cluster.gpus();
    q.budget         = s.plan.budget > 0 ? s.plan.budget : kNone;
    q.spare          = s.plan.spare;
    q.front_end      = s.engine.front_end.value.base();
    return q;
}

}  // namespace isobath
