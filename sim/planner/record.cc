#include "sim/planner/record.h"

#include <algorithm>
#include <tuple>

namespace isobath {
namespace {

double objective_of(const PlanQuestion& q, const PlanRecord& r) {
    const bool all = q.kind == DemandKind::all;
    switch (q.objective) {
        case Objective::cost: return all ? r.usd_per_rate : r.usd;
        case Objective::gpus: return all ? r.gpu_per_rate : r.gpus;
        case Objective::throughput: return -r.tokens_per_s;
        case Objective::latency: return r.ttft + (q.answer - 1) * r.tpot;
        case Objective::energy: return r.watts / r.tokens_per_s;
    }
    return 0;
}

}  // namespace

UnitPrice price_of(const ClusterChoice& c, int gpus) {
    return {double(gpus), gpus * c.usd, gpus * c.watts};
}

void complete(const PlanQuestion& q, const UnitPrice& prefill, const UnitPrice& decode, double rate,
              PlanRecord& r) {
    const double x = r.split() ? r.prefills + q.spare : 0, y = r.decodes + q.spare;
    r.gpus  = static_cast<int>(x * prefill.gpus + y * decode.gpus);
    r.usd   = x * prefill.usd + y * decode.usd;
    r.watts = x * prefill.watts + y * decode.watts;
    // Little's law where the number of clients is given; else all that comes, or all that the units end.
    const double request = r.steady + (q.answer - 1) * r.tpot;
    r.tokens_per_s       = q.answer * (q.kind == DemandKind::clients    ? q.demand / request
                                       : q.kind == DemandKind::requests ? q.demand
                                                                        : rate);
    r.gpu_per_rate       = r.gpus / r.tokens_per_s;
    r.usd_per_rate       = r.usd / r.tokens_per_s;
    r.objective          = objective_of(q, r);
}

double worst_miss(const PlanQuestion& q, const PlanRecord& r) {
    return std::max(
        {r.tpot / q.tpot_limit, r.ttft / q.ttft_limit, double(r.gpus) / q.max_gpus, r.usd / q.budget});
}

bool within_limits(const PlanRecord& r, PlanSearch& s) {
    const PlanQuestion& q = s.question;
    const double miss     = worst_miss(q, r);
    if (miss <= 1) return true;
    if (r.tpot > q.tpot_limit)
        ++s.tally.missed_tpot;
    else if (r.ttft > q.ttft_limit)
        ++s.tally.missed_ttft;
    else
        ++s.tally.missed_size;
    return false;
}

bool better(const PlanRecord& a, const PlanRecord& b) {
    const auto key = [](const PlanRecord& r) {
        return std::tuple(r.objective, r.tpot, r.ttft, r.split(), r.cluster, r.precision, r.speculation,
                          r.layout, r.batch, r.chunk, r.prefill_cluster, r.prefill_layout, r.decodes,
                          r.prefills);
    };
    return key(a) < key(b);
}

std::vector<PlanRecord> pareto_of(const std::vector<PlanRecord>& records) {
    std::vector<PlanRecord> sorted = records, front;
    std::sort(sorted.begin(), sorted.end(), [](const PlanRecord& a, const PlanRecord& b) {
        return a.tpot != b.tpot                   ? a.tpot < b.tpot
               : a.gpu_per_rate != b.gpu_per_rate ? a.gpu_per_rate < b.gpu_per_rate
               : a.usd_per_rate != b.usd_per_rate ? a.usd_per_rate < b.usd_per_rate
                                                  : better(a, b);
    });
    for (const PlanRecord& r : sorted) {
        const auto beats = [&](const PlanRecord& f) {
            return f.gpu_per_rate <= r.gpu_per_rate && f.usd_per_rate <= r.usd_per_rate;
        };
        if (std::none_of(front.begin(), front.end(), beats)) front.push_back(r);
    }
    return front;
}

}  // namespace isobath
