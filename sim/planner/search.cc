#include <algorithm>
#include <numeric>

#include "sim/planner/record.h"
#include "sim/planner/survey.h"

namespace isobath {
namespace {

/// Pairs the surveyed units of one precision.
class Pairing {
  public:
    Pairing(PlanSearch& search, const PrecisionSurvey& survey, int precision)
        : search_(search), q_(search.question), survey_(survey), precision_(precision) {
        for (int i = 0; i < static_cast<int>(survey.prefills.size()); ++i)
            if (!beaten(i)) order_.push_back(i);
        // The best prefill units first, so that the bound leaves most of the others out.
        std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
            return prefill(a).unit.gpus_per_rate() < prefill(b).unit.gpus_per_rate();
        });
    }

    void run() {
        count_excluded();
        for (const SurveyedDecode& d : survey_.decodes) pair_with_all(d);
    }

  private:
    const SurveyedPrefill& prefill(int i) const { return survey_.prefills[static_cast<std::size_t>(i)]; }

    /// Whether another prefill unit costs no more, serves a prompt no later and has no fewer lines. Then its
    /// share in use, its wait and its burst are no greater at any rate, by first_token()'s formulas, whatever
    /// it is paired with. (With a given number of clients a slower prefill holds more of them, so there the
    /// comparison proves nothing.) Of equals the first stays.
    bool beaten(int i) const {
        if (q_.kind == DemandKind::clients) return false;
        const PrefillUnit& a = prefill(i).unit;
        for (int j = 0; j < static_cast<int>(survey_.prefills.size()); ++j) {
            const PrefillUnit& b = prefill(j).unit;
            const bool no_worse  = b.gpus <= a.gpus && b.usd <= a.usd && b.watts <= a.watts &&
                                  b.service <= a.service && b.lines >= a.lines;
            const bool equal = no_worse && b.gpus == a.gpus && b.usd == a.usd && b.watts == a.watts &&
                               b.service == a.service && b.lines == a.lines;
            if (no_worse && (!equal || j < i)) return true;
        }
        return false;
    }

    /// A decode unit that is out takes all its pairs along; then a prefill unit does.
    void count_excluded() {
        double all_prefills = double(survey_.prefills.size());
        for (std::size_t why = 0; why < kExcludedCount; ++why) all_prefills += survey_.prefills_out[why];
        for (std::size_t why = 0; why < kExcludedCount; ++why) {
            search_.tally.excluded[why] += survey_.decodes_out[why] * all_prefills;
            search_.tally.excluded[why] += survey_.prefills_out[why] * double(survey_.decodes.size());
        }
    }

    void pair_with_all(const SurveyedDecode& d) {
        kept_.clear();
        search_.tally.exclude(Excluded::bound, double(survey_.prefills.size() - order_.size()));
        for (const int i : order_) {
            if (hopeless(bound_of(q_, prefill(i).unit, d.point), d)) {
                search_.tally.exclude(Excluded::bound);
                continue;
            }
            ++search_.tally.paired;
            pair(prefill(i), d);
        }
        search_.records.insert(search_.records.end(), kept_.begin(), kept_.end());
    }

    /// Whether some kept deployment of the same decode units, so of the same speed for a user, is at least as
    /// good as the bound in GPUs, in cost and in the objective. Ties count as hopeless: the first one stays.
    bool hopeless(const PairBound& b, const SurveyedDecode& d) const {
        if (kept_.empty()) return false;
        const double tokens = q_.kind == DemandKind::all ? q_.answer : fastest(b, d);
        const double gpus = b.gpus / tokens, usd = b.usd / tokens, goal = objective_bound(b, d);
        return std::any_of(kept_.begin(), kept_.end(), [&](const PlanRecord& r) {
            return r.gpu_per_rate <= gpus && r.usd_per_rate <= usd && r.objective <= goal;
        });
    }

    double objective_bound(const PairBound& b, const SurveyedDecode& d) const {
        const bool all = q_.kind == DemandKind::all;
        switch (q_.objective) {
            case Objective::cost: return all ? b.usd / q_.answer : b.usd;
            case Objective::gpus: return all ? b.gpus / q_.answer : b.gpus;
            case Objective::throughput: return all ? -b.rate * q_.answer : -fastest(b, d);
            case Objective::latency: return b.ttft + (q_.answer - 1) * d.point.tpot;
            case Objective::energy: return all ? b.watts / q_.answer : b.watts / fastest(b, d);
        }
        return 0;
    }

    /// Most output tokens per second of a given demand.
    double fastest(const PairBound& b, const SurveyedDecode& d) const {
        return q_.kind == DemandKind::requests
                   ? q_.demand * q_.answer
                   : q_.demand * q_.answer / (b.ttft + (q_.answer - 1) * d.point.tpot);
    }

    void pair(const SurveyedPrefill& p, const SurveyedDecode& d) {
        bool any = false;
        pair_units(q_, p.unit, d.point, [&](const PairedUnits& units) {
            any = true;
            keep(record_of(p, d, units));
        });
        if (!any) ++search_.tally.missed_size;
    }

    PlanRecord record_of(const SurveyedPrefill& p, const SurveyedDecode& d, const PairedUnits& units) const {
        PlanRecord r;
        r.tpot            = d.point.tpot;
        r.ttft            = units.ttft;
        r.steady          = units.steady;
        r.clients         = q_.kind == DemandKind::clients ? q_.demand : units.clients;
        r.prefills        = units.prefill;
        r.decodes         = units.decode;
        r.prefill_cluster = p.cluster;
        r.prefill_layout  = p.layout;
        r.cluster         = d.cluster;
        r.layout          = d.layout;
        r.precision       = precision_;
        r.speculation     = d.speculation;
        r.batch           = d.batch;
        complete(q_, {p.unit.gpus, p.unit.usd, p.unit.watts}, {d.point.gpus, d.point.usd, d.point.watts},
                 units.rate, r);
        return r;
    }

    /// Of deployments with the same decode units, those that differ in nothing but cost are told apart here.
    void keep(const PlanRecord& r) {
        if (r.usd > q_.budget) {
            ++search_.tally.missed_size;
            return;
        }
        const auto no_worse = [](const PlanRecord& a, const PlanRecord& b) {
            return a.gpu_per_rate <= b.gpu_per_rate && a.usd_per_rate <= b.usd_per_rate &&
                   a.objective <= b.objective;
        };
        for (const PlanRecord& k : kept_)
            if (no_worse(k, r)) return;
        std::erase_if(kept_, [&](const PlanRecord& k) { return no_worse(r, k); });
        kept_.push_back(r);
    }

    PlanSearch& search_;
    const PlanQuestion& q_;
    const PrecisionSurvey& survey_;
    int precision_;
    std::vector<int> order_;
    std::vector<PlanRecord> kept_;
};

PlanSearch search_with(const Scenario& s, const PlanQuestion& q, const DataFiles& data) {
    PlanSearch search{q, plan_space(s, data), {}, {}};
    search.tally.considered                    = search.space.count();
    const std::vector<PrecisionSurvey> surveys = survey_units(s, data, search);
    if (search.space.split)
        for (std::size_t p = 0; p < surveys.size(); ++p)
            Pairing(search, surveys[p], static_cast<int>(p)).run();
    std::sort(search.records.begin(), search.records.end(), better);
    return search;
}

PlanQuestion roomier(PlanQuestion q, double room) {
    q.ttft_limit *= room;
    q.tpot_limit *= room;
    q.budget *= room;
    q.max_gpus = static_cast<int>(std::min(1e6, q.max_gpus * room));
    return q;
}

}  // namespace

PlanSearch search_plans(const Scenario& s, const DataFiles& data) {
    return search_with(s, plan_question(s), data);
}

std::optional<PlanRecord> nearest_miss(const Scenario& s, const DataFiles& data) {
    const PlanQuestion asked = plan_question(s);
    for (const double room : {1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0}) {
        Scenario more                       = s;
        more.plan.max_gpus                  = static_cast<int>(asked.max_gpus * room);
        const std::vector<PlanRecord> found = search_with(more, roomier(asked, room), data).records;
        if (found.empty()) continue;
        return *std::min_element(found.begin(), found.end(), [&](const PlanRecord& a, const PlanRecord& b) {
            const double x = worst_miss(asked, a), y = worst_miss(asked, b);
            return x != y ? x < y : better(a, b);
        });
    }
    return std::nullopt;
}

}  // namespace isobath
