#include "sim/planner/survey.h"

#include <cmath>

#include "sim/planner/record.h"
#include "sim/planner/units.h"

namespace isobath {
namespace {

/// Prefill steps of one unit by prompts, computed once each.
class PrefillTimes {
  public:
    PrefillTimes(UnitSteps& steps, const StepModel& model) : steps_(steps), model_(model) {}

    double operator()(double prompts) {
        for (const auto& [n, time] : known_)
            if (n == prompts) return time;
        const double time = steps_.prefill(model_, prompts);
        if (known_.size() < kKept) known_.emplace_back(prompts, time);
        return time;
    }

  private:
    static constexpr std::size_t kKept = 8;  ///< the first ones are those that come again: 1, most prompts
    UnitSteps& steps_;
    const StepModel& model_;
    std::vector<std::pair<double, double>> known_;
};

/// Decode steps of one unit by batch; none past the first that is too slow or does not fit.
struct DecodeLadder {
    std::vector<double> steps;
    Excluded end = Excluded::memory;  ///< why no larger batch was evaluated
};

class Survey {
  public:
    Survey(const Scenario& scenario, const DataFiles& data, PlanSearch& search)
        : scenario_(scenario),
          data_(data),
          search_(search),
          q_(search.question),
          space_(search.space),
          steps_(q_),
          shared_(std::make_shared<PlacedLoads>()) {}

    std::vector<PrecisionSurvey> run() {
        std::vector<PrecisionSurvey> out(space_.precisions.size());
        for (const ClusterChoice& c : space_.clusters)
            for (std::size_t why = 0; why < kExcludedCount; ++why)
                search_.tally.excluded[why] += c.refused[why];
        for (precision_ = 0; precision_ < out.size(); ++precision_)
            for (cluster_ = 0; cluster_ < space_.clusters.size(); ++cluster_) survey(out[precision_]);
        search_.tally.steps = steps_.steps();
        return out;
    }

  private:
    const ClusterChoice& cluster() const { return space_.clusters[cluster_]; }
    double batches() const { return double(space_.batches.size()); }
    double speculations() const { return double(space_.speculations.size()); }

    /// Models are shared by layouts that exchange in the same way, their experts placed or not.
    void survey(PrecisionSurvey& out) {
        std::vector<Scenario> bases, placed;
        for (const SpeculationChoice& s : space_.speculations)
            bases.push_back(
                base_scenario(scenario_, {cluster().name, space_.precisions[precision_], s}, data_));
        const Scenario plain = base_scenario(
            scenario_, {cluster().name, space_.precisions[precision_], SpeculationChoice{}}, data_);
        check_precision_on_gpu(plain);
        bool any_placed = false;
        for (const UnitLayout& u : cluster().layouts) any_placed |= u.layout.redundant > 0;
        if (any_placed)
            for (const Scenario& s : bases) placed.push_back(share_load(s));
        const Scenario placed_plain = any_placed ? share_load(plain) : plain;
        for (const Comm comm : space_.comms) {
            survey_group(comm, false, plain, bases, out);
            if (any_placed) survey_group(comm, true, placed_plain, placed, out);
        }
    }

    /// The load of experts is drawn once for all.
    Scenario share_load(const Scenario& base) {
        Scenario s = base;
        if (drawn_) {
            s.load         = drawn_->load;
            s.planned_load = drawn_->planned_load;
        }
        s = placed_scenario(s, data_);
        if (!drawn_) drawn_ = std::make_unique<Scenario>(s);
        return s;
    }

    void check_precision_on_gpu(const Scenario& s) {
        no_data_ = false;
        for (const Math math : maths_of(s.precision)) no_data_ |= !s.cluster.gpu.supports(math);
    }

    static std::vector<Math> maths_of(const PrecisionPolicy& p) {
        std::vector<Math> out;
        for (const Format f : {p.gemm, p.moe, p.shared, p.attention, p.absorbed, p.mtp})
            out.push_back(math_of(f));
        return out;
    }

    void survey_group(Comm comm, bool placed, const Scenario& plain, const std::vector<Scenario>& bases,
                      PrecisionSurvey& out) {
        std::vector<int> group;
        for (std::size_t i = 0; i < cluster().layouts.size(); ++i) {
            const Layout& l = cluster().layouts[i].layout;
            if (l.comm == comm && (l.redundant > 0) == placed) group.push_back(static_cast<int>(i));
        }
        if (group.empty()) return;
        if (no_data_) return exclude_units(Excluded::no_data, double(group.size()), out);
        const auto laid = [&](Scenario s) {
            s.layout = cluster().layouts[static_cast<std::size_t>(group.front())].layout;
            return s;
        };
        std::vector<Scenario> decodes;
        for (const Scenario& s : bases) decodes.push_back(laid(s));
        try {
            UnitModels models(laid(plain), decodes, cluster(), data_, shared_);
            for (const int i : group) survey_layout(models, i, out);
        } catch (const SpecError&) {  // the library has no such kernels
            exclude_units(Excluded::no_library, double(group.size()), out);
        }
    }

    /// Units of `n` layouts, with all that would be built of them.
    void exclude_units(Excluded why, double n, PrecisionSurvey& out) {
        const auto at = static_cast<std::size_t>(why);
        out.prefills_out[at] += n;
        out.decodes_out[at] += n * speculations() * batches();
        if (space_.aggregated)
            search_.tally.exclude(why, n * speculations() * batches() * double(space_.chunks.size()));
    }

    void survey_layout(UnitModels& models, int i, PrecisionSurvey& out) {
        layout_                = i;
        const UnitLayout& unit = cluster().layouts[static_cast<std::size_t>(i)];
        try {
            models.lay_out(unit);
        } catch (const SpecError&) {  // EPLB cannot divide
            return exclude_units(Excluded::indivisible, 1, out);
        }
        price_ = price_of(cluster(), unit.gpus);
        PrefillTimes prefill(steps_, models.prefill());
        survey_prefill(models.prefill(), prefill, out);
        for (std::size_t s = 0; s < space_.speculations.size(); ++s) {
            speculation_ = s;
            survey_decode(models.decode(s), prefill, out);
        }
    }

    void survey_prefill(const StepModel& model, PrefillTimes& prefill, PrecisionSurvey& out) {
        prefill_fits_ = steps_.prefill_fits(model);
        if (!space_.split) return;
        const auto at = [](Excluded why) { return static_cast<std::size_t>(why); };
        if (!prefill_fits_) {
            ++out.prefills_out[at(Excluded::memory)];
            return;
        }
        const double service = prefill(1);
        ++search_.tally.prefill_points;
        if (!std::isfinite(service) || service <= 0)
            ++out.prefills_out[at(Excluded::no_data)];
        else if (q_.front_end + service > q_.ttft_limit)
            ++out.prefills_out[at(Excluded::ttft)];
        else
            out.prefills.push_back({{service, double(model.scenario().layout.attention_dp), price_.gpus,
                                     price_.usd, price_.watts},
                                    static_cast<int>(cluster_),
                                    layout_});
    }

    /// The most requests that fit over all chunks, and each chunk's own.
    void survey_decode(const StepModel& model, PrefillTimes& prefill, PrecisionSurvey& out) {
        const double most  = scenario_.serving.max_running;
        const double split = steps_.slots(model, scenario_.serving.chunk, most);
        std::vector<double> slots;
        double room = space_.split ? split : 0;
        if (space_.aggregated)
            for (const double chunk : space_.chunks) {
                slots.push_back(prefill_fits_ ? steps_.slots(model, chunk, most) : 0);
                room = std::max(room, slots.back());
            }
        const DecodeLadder ladder = climb(model, room);
        if (space_.split) keep_decodes(model, ladder, split, out);
        for (std::size_t c = 0; c < slots.size(); ++c) aggregate(model, prefill, ladder, slots[c], c);
    }

    DecodeLadder climb(const StepModel& model, double room) {
        DecodeLadder ladder;
        const double gain = model.scenario().speculation.tokens_per_step();
        for (const double n : space_.batches) {
            if (n > room) break;
            bool fits         = true;
            const double step = steps_.decode(model, n, fits);
            if (!fits) break;
            ++search_.tally.decode_points;
            ladder.end = std::isfinite(step) && step > 0 ? Excluded::tpot : Excluded::no_data;
            if (ladder.end == Excluded::no_data) break;
            ladder.steps.push_back(step);
            if (step / gain > q_.tpot_limit * kSlack) break;
            ladder.end = Excluded::memory;
        }
        return ladder;
    }

    void keep_decodes(const StepModel& model, const DecodeLadder& ladder, double slots,
                      PrecisionSurvey& out) {
        const Scenario& s  = model.scenario();
        const double gain  = s.speculation.tokens_per_step();
        const double hand  = hand_over_of(s.engine, s.cluster.gpu.architecture).base();
        const auto exclude = [&](Excluded why) { ++out.decodes_out[static_cast<std::size_t>(why)]; };
        for (std::size_t b = 0; b < space_.batches.size(); ++b) {
            const double n = space_.batches[b];
            if (b >= ladder.steps.size()) {
                exclude(n > slots ? Excluded::memory : ladder.end);
                continue;
            }
            const double step = ladder.steps[b], tpot = step / gain;
            if (n > slots || tpot > q_.tpot_limit) {
                exclude(n > slots ? Excluded::memory : Excluded::tpot);
                continue;
            }
            const double hold = q_.rounds(gain) * step;
            out.decodes.push_back(
                {{hold, tpot, n * s.layout.attention_dp / hold, price_.gpus, price_.usd, price_.watts, hand},
                 static_cast<int>(cluster_),
                 layout_,
                 static_cast<int>(speculation_),
                 static_cast<int>(b)});
        }
    }

    LoopEngine loop_engine(const Scenario& s, double chunk, double slots) const {
        LoopEngine e;
        e.front_end    = s.engine.front_end.value;
        e.chunk        = chunk;
        e.poll         = s.serving.receive_interval;
        e.balance_wait = s.serving.balance_wait;
        e.mixed        = s.engine.mixed_steps;
        e.ranks        = s.layout.attention_dp;
        e.slots        = slots;
        return e;
    }

    /// The closed loop of one unit that does both, at each batch that fits.
    void aggregate(const StepModel& model, PrefillTimes& prefill, const DecodeLadder& ladder, double slots,
                   std::size_t chunk) {
        const Scenario& s = model.scenario();
        double step       = 0;
        const LoopSteps steps{[&step](double) { return Seconds{step}; },
                              [&prefill](double n) { return Seconds{prefill(n)}; },
                              s.speculation.tokens_per_step()};
        const LoopEngine engine = loop_engine(s, space_.chunks[chunk], slots);
        const double requests =
            q_.kind == DemandKind::requests ? 1e9 : scenario_.workload.requests_per_client;
        Excluded end = Excluded::memory;
        bool over    = chunk > 0 && same_chunk(chunk);
        if (over) end = Excluded::same;
        for (std::size_t b = 0; b < space_.batches.size(); ++b) {
            const double n = space_.batches[b];
            if (over || n > slots || b >= ladder.steps.size()) {
                search_.tally.exclude(over ? end : n > slots ? Excluded::memory : ladder.end);
                continue;
            }
            step = ladder.steps[b];
            const LoopResult r =
                aggregated_loop({n * engine.ranks, q_.computed(), q_.answer, requests}, engine, steps);
            ++search_.tally.evaluated;
            over = past(r, end);
            record(r, engine, n * engine.ranks, b, chunk);
        }
    }

    /// Whether a smaller chunk of the list takes the same number of prompts, and leaves as much room.
    bool same_chunk(std::size_t chunk) const {
        const auto prompts = [&](std::size_t c) {
            return std::max(1.0, std::floor(space_.chunks[c] / q_.computed()));
        };
        return prompts(chunk) == prompts(chunk - 1);
    }

    bool past(const LoopResult& r, Excluded& end) const {
        end = r.tpot.base() > q_.tpot_limit * kSlack ? Excluded::tpot : Excluded::ttft;
        return end == Excluded::tpot || r.ttft.base() > q_.ttft_limit * kSlack;
    }

    void record(const LoopResult& loop, const LoopEngine& engine, double clients, std::size_t batch,
                std::size_t chunk) {
        PlanRecord r;
        r.tpot            = loop.tpot.base();
        r.ttft            = loop.ttft.base();
        r.steady          = (engine.front_end + loop.own_prefill + loop.queue).base();
        const double rate = clients / (r.steady + (q_.answer - 1) * r.tpot);
        r.decodes         = units_for(clients, rate);
        if (r.decodes == 0) {
            ++search_.tally.missed_size;
            return;
        }
        r.clients     = q_.kind == DemandKind::clients ? q_.demand : clients * r.decodes;
        r.cluster     = static_cast<int>(cluster_);
        r.layout      = layout_;
        r.precision   = static_cast<int>(precision_);
        r.speculation = static_cast<int>(speculation_);
        r.batch       = static_cast<int>(batch);
        r.chunk       = static_cast<int>(chunk);
        complete(q_, {}, price_, rate * r.decodes, r);
        if (within_limits(r, search_)) search_.records.push_back(r);
    }

    /// Equal units that meet the demand; of all that fits, as many as there is room for.
    int units_for(double clients, double rate) const {
        if (q_.kind == DemandKind::all)
            return std::max(0, static_cast<int>(q_.max_gpus / price_.gpus + 1e-9) - q_.spare);
        const double units = q_.kind == DemandKind::clients ? q_.demand / clients : q_.demand / rate;
        return units < 1e9 ? static_cast<int>(std::ceil(units * (1 - 1e-12))) : 0;
    }

    const Scenario& scenario_;
    const DataFiles& data_;
    PlanSearch& search_;
    const PlanQuestion& q_;
    const PlanSpace& space_;
    UnitSteps steps_;
    std::shared_ptr<PlacedLoads> shared_;
    std::unique_ptr<Scenario> drawn_;
    std::size_t precision_ = 0, cluster_ = 0, speculation_ = 0;
    int layout_ = 0;
    UnitPrice price_;
    bool prefill_fits_ = true, no_data_ = false;
};

}  // namespace

std::vector<PrecisionSurvey> survey_units(const Scenario& s, const DataFiles& data, PlanSearch& search) {
    return Survey(s, data, search).run();
}

}  // namespace isobath
