/// Plans by trying everything: each design read as a scenario of its own, each number of units, no bounds.
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/batch.h"
#include "sim/memory_demand.h"
#include "sim/planner/plan.h"
#include "sim/planner/planned_scenario.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"

namespace isobath::brute {

/// What a deployment is judged by.
struct Figures {
    double objective = 0, tpot = 0, gpu_per_rate = 0, usd_per_rate = 0;
};

/// Tries everything that `search` says there is, by code that shares nothing with the search but the lists.
class Everything {
  public:
    Everything(const Scenario& scenario, const PlanSearch& search, const DataFiles& data)
        : s_(scenario), search_(search), q_(search.question), data_(data) {}

    std::vector<Figures> run() {
        for (std::size_t p = 0; p < search_.space.precisions.size(); ++p) precision(static_cast<int>(p));
        return found_;
    }

  private:
    struct Prefill {
        double service, lines, gpus;
    };
    struct Decode {
        double hold, tpot, rate, gpus, hand_over;
    };

    /// A unit of this layout, alone, as a user would write it.
    Scenario design(int layout, int precision, int speculation, int chunk, double clients) const {
        PlanRecord r;
        r.decodes     = 1;
        r.layout      = layout;
        r.precision   = precision;
        r.speculation = speculation;
        r.chunk       = chunk;
        r.clients     = clients;
        return read_scenario(planned_scenario(s_, search_, r).dump(), "design", data_);
    }

    double usd() const { return search_.space.clusters[0].usd; }
    double watts() const { return search_.space.clusters[0].watts; }

    void precision(int p) {
        std::vector<Prefill> prefills;
        std::vector<Decode> decodes;
        const PlanSpace& space = search_.space;
        for (int l = 0; l < static_cast<int>(space.clusters[0].layouts.size()); ++l) {
            const double gpus = space.clusters[0].layouts[static_cast<std::size_t>(l)].gpus;
            for (int v = 0; v < static_cast<int>(space.speculations.size()); ++v) {
                const ServingUnits units = serving_units(design(l, p, v, 0, 1), data_);
                const StepModel decode(units.decode.scenario, data_);
                const bool prompts_fit = prefill_fits(units.prefill.scenario);
                if (v == 0 && prompts_fit) add_prefill(units.prefill.scenario, gpus, prefills);
                const double slots = ServedModel(split_like(l, p, v), data_).cache_slots();
                for (const double n : space.batches) add_decode(decode, n, slots, gpus, decodes);
                if (!space.aggregated || !prompts_fit) continue;
                for (int c = 0; c < static_cast<int>(space.chunks.size()); ++c)
                    aggregated(design(l, p, v, c, 1), decode, gpus);
            }
        }
        if (!space.split) return;
        for (const Prefill& a : prefills)
            for (const Decode& b : decodes) pairs(a, b);
    }

    static double per_gpu(const Scenario& s, double n) {
        return n / (s.layout.attention_tp * s.layout.attention_cp);
    }

    bool fits(const StepModel& m, const StepInput& in, double drafts) const {
        const Batch batch = batch_of(m.scenario(), m.exchange(), in.batch_per_gpu, in.context, drafts + 1,
                                     m.traffic_at(0).distinct_ranks);
        return memory_of(m.weights(), memory_demand(m.scenario(), batch, in)).fits;
    }

    bool prefill_fits(const Scenario& s) const {
        return fits(StepModel(s, data_), {per_gpu(s, 1), q_.prompt}, 0);
    }

    void add_prefill(const Scenario& s, double gpus, std::vector<Prefill>& out) const {
        const StepModel m(s, data_);
        StepWorkspace work;
        const StepTimes t = evaluate(m, {per_gpu(s, 1), q_.prompt}, work);
        out.push_back({(t.step - t.host + s.engine.prefill_step_overhead.value).base(),
                       double(s.layout.attention_dp), gpus});
    }

    /// The closed loop says how many the cache holds, from two on (below, it lets one in regardless).
    void add_decode(const StepModel& m, double n, double slots, double gpus, std::vector<Decode>& out) const {
        const Scenario& s = m.scenario();
        if (slots < n) return;
        StepWorkspace work;
        const StepInput in{per_gpu(s, n), q_.prompt + q_.answer / 2};
        if (!fits(m, in, s.speculation.drafts())) return;
        const double host = s.speculation.drafts() > 0
                                ? n * s.layout.attention_dp * s.engine.speculation_per_request.value.base()
                                : 0;
        const double step = evaluate(m, in, work).step.base() + host, gain = s.speculation.tokens_per_step();
        const double hold = std::max(1.0, (q_.answer - 1) / gain) * step;
        out.push_back({hold, step / gain, n * s.layout.attention_dp / hold, gpus,
                       hand_over_of(s.engine, s.cluster.gpu.architecture).base()});
    }

    /// With the scenario's own chunk, as split deployments have it.
    Scenario split_like(int l, int p, int v) const {
        Scenario s      = design(l, p, v, 0, 1);
        s.serving.chunk = s_.serving.chunk;
        return s;
    }

    void keep(double tpot, double ttft, double tokens, double gpus) {
        if (tpot > q_.tpot_limit || ttft > q_.ttft_limit || gpus > q_.max_gpus || gpus * usd() > q_.budget)
            return;
        const bool all = q_.kind == DemandKind::all;
        double goal    = 0;
        switch (q_.objective) {
            case Objective::cost: goal = all ? gpus * usd() / tokens : gpus * usd(); break;
            case Objective::gpus: goal = all ? gpus / tokens : gpus; break;
            case Objective::throughput: goal = -tokens; break;
            case Objective::latency: goal = ttft + (q_.answer - 1) * tpot; break;
            case Objective::energy: goal = gpus * watts() / tokens; break;
        }
        found_.push_back({goal, tpot, gpus / tokens, gpus * usd() / tokens});
    }

    void aggregated(Scenario s, const StepModel& decode, double gpus) {
        if (q_.kind == DemandKind::requests) s.workload.requests_per_client = 1e9;
        ServedModel model(s, data_);
        for (const double n : search_.space.batches) aggregated(s, model, decode, n, gpus);
    }

    void aggregated(const Scenario& s, ServedModel& model, const StepModel& m, double n, double gpus) {
        if (model.cache_slots() < n) return;
        if (!fits(m, {per_gpu(m.scenario(), n), q_.prompt + q_.answer / 2},
                  m.scenario().speculation.drafts()))
            return;
        const double ranks = m.scenario().layout.attention_dp;
        model.set_clients(n * ranks);
        const LoopResult r = model.evaluate();
        const double tpot = r.tpot.base(), ttft = r.ttft.base();
        const double first   = (s.engine.front_end.value + r.own_prefill + r.queue).base();
        const double request = first + (q_.answer - 1) * tpot, rate = n * ranks / request;
        for (int units = 1; units * gpus <= q_.max_gpus; ++units) {
            const double whole = (units + q_.spare) * gpus;
            if (q_.kind == DemandKind::clients && units * n * ranks < q_.demand * (1 - 1e-9)) continue;
            if (q_.kind == DemandKind::requests && units * rate < q_.demand * (1 - 1e-9)) continue;
            keep(tpot, ttft,
                 q_.answer * (q_.kind == DemandKind::clients    ? q_.demand / request
                              : q_.kind == DemandKind::requests ? q_.demand
                                                                : units * rate),
                 whole);
        }
    }

    void pairs(const Prefill& a, const Decode& b) {
        for (int y = 1; y * b.gpus <= q_.max_gpus; ++y)
            for (int x = 1; x * a.gpus + y * b.gpus <= q_.max_gpus; ++x) pair(a, b, x, y);
    }

    /// As docs/planning.md derives it.
    void pair(const Prefill& a, const Decode& b, int x, int y) {
        if (q_.kind == DemandKind::requests && y * b.rate < q_.demand * (1 - 1e-9)) return;
        const double rate  = q_.kind == DemandKind::requests ? q_.demand : y * b.rate;
        const double lines = x * a.lines, busy = rate * a.service / lines;
        if (busy >= 1) return;
        const double wait = std::pow(busy, std::sqrt(2 * (lines + 1))) / (lines * (1 - busy)) * a.service / 2;
        const double before  = q_.front_end + b.hand_over + a.service + wait;
        const double clients = q_.kind == DemandKind::clients ? q_.demand : rate * (b.hold + before);
        if (q_.kind == DemandKind::clients && rate * (b.hold + before) < q_.demand * (1 - 1e-9)) return;
        const double burst = clients > lines ? (clients / lines + 1) / 2 * a.service : a.service;
        const double ttft  = q_.front_end + b.hand_over + q_.first_share * std::max(burst, a.service + wait) +
                            (1 - q_.first_share) * (a.service + wait);
        const double request = before + (q_.answer - 1) * b.tpot;
        keep(b.tpot, ttft, q_.answer * (q_.kind == DemandKind::clients ? q_.demand / request : rate),
             (x + q_.spare) * a.gpus + (y + q_.spare) * b.gpus);
    }

    const Scenario& s_;
    const PlanSearch& search_;
    const PlanQuestion& q_;
    const DataFiles& data_;
    std::vector<Figures> found_;
};

/// Of all plans those that no other beats in one and equals in the rest of speed for a user, GPUs and cost.
inline std::vector<Figures> pareto(const std::vector<Figures>& plans) {
    std::vector<Figures> front;
    for (const Figures& a : plans) {
        const auto beats = [&](const Figures& b) {
            const bool no_worse =
                b.tpot <= a.tpot && b.gpu_per_rate <= a.gpu_per_rate && b.usd_per_rate <= a.usd_per_rate;
            return no_worse &&
                   (b.tpot < a.tpot || b.gpu_per_rate < a.gpu_per_rate || b.usd_per_rate < a.usd_per_rate);
        };
        if (std::none_of(plans.begin(), plans.end(), beats)) front.push_back(a);
    }
    return front;
}

}  // namespace isobath::brute
