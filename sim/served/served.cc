#include "sim/served/served.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "sim/serve/unit_steps.h"
#include "sim/served/cache_room.h"

namespace isobath {
namespace {

int attention_ranks(const Scenario& s) {
    return s.layout.attention_dp;
}

/// Requests on one attention rank -> StepInput's requests per GPU.
double per_gpu(const Scenario& s, double requests) {
    return requests / (s.layout.attention_tp * s.layout.attention_cp);
}

}  // namespace

ServedModel::ServedModel(const Scenario& s, const DataFiles& data)
    : scenario_(s),
      units_(serving_units(s, data)),
      engine_(s.engine),
      prompt_(s.workload.mean_prompt()),
      answer_(s.workload.mean_answer()),
      prefill_(std::make_shared<StepModel>(units_.prefill.scenario, data)),
      decode_(std::make_shared<StepModel>(units_.decode.scenario, data)) {}

void ServedModel::set_engine(const Engine& engine) {
    engine_ = engine;
    for (StepModel* m : {prefill_.get(), decode_.get()}) m->set_engine(engine);
    if (!engine.kernels.empty()) set_calibration(scenario_.calibration);
}

void ServedModel::set_calibration(const Calibration& calibration) {
    scenario_.calibration = calibration;
    add_kernels(scenario_.calibration, engine_, scenario_.cluster.gpu.architecture);
    for (StepModel* m : {prefill_.get(), decode_.get()}) m->set_calibration(scenario_.calibration);
}

double ServedModel::cache_slots() const {
    const double tokens =
        memory_in_use(*decode_, 1, prompt_ + answer_, scenario_.serving.chunk).max_total_tokens;
    const double slots = tokens / (prompt_ + engine_.answer_reserved.value * answer_);
    const double most  = scenario_.serving.max_running;
    return std::max(1.0, most > 0 ? std::min(slots, most) : slots);
}

Seconds ServedModel::decode_step(double requests, const Bend& bend) const {
    const Scenario& s = decode_->scenario();
    const StepInput in{per_gpu(s, std::max(requests, 1e-6)), prompt_ + answer_ / 2};
    Seconds step = isobath::evaluate(*decode_, in, work_, bend).step;
    if (s.speculation.drafts() > 0)
        step += requests * s.layout.attention_dp * engine_.speculation_per_request.value;
    return step;
}

Seconds ServedModel::prefill_step(double prompts, const Bend& bend) const {
    const double cached = scenario_.workload.cached_share;
    return isobath::prefill_step(*prefill_, std::max(prompts, 1e-6) * prompt_ * (1 - cached),
                                 prompt_ * (1 + cached) / 2, work_, bend);
}

LoopResult ServedModel::evaluate(const Bend& bend) const {
    const Scenario& d     = decode_->scenario();
    const Scenario& p     = prefill_->scenario();
    const double alike    = units_.split ? 1 : units_.decode.count;
    const double computed = prompt_ * (1 - scenario_.workload.cached_share);
    const LoopLoad load{scenario_.workload.concurrency / alike, std::max(1.0, computed), answer_,
                        scenario_.workload.requests_per_client};
    const LoopSteps steps{[&](double n) { return decode_step(n, bend); },
                          [&](double n) { return prefill_step(n, bend); }, d.speculation.tokens_per_step()};
    LoopEngine e;
    e.front_end    = engine_.front_end.value;
    e.chunk        = scenario_.serving.chunk;
    e.poll         = scenario_.serving.receive_interval;
    e.balance_wait = scenario_.serving.balance_wait;
    e.mixed        = engine_.mixed_steps;
    e.ranks        = attention_ranks(units_.split ? p : d);
    if (!units_.split) {
        e.slots = cache_slots();
        return aggregated_loop(load, e, steps);
    }
    return split_loop(load, e,
                      {units_.prefill.count, units_.decode.count, attention_ranks(d), cache_slots(),
                       hand_over_of(engine_, d.cluster.gpu.architecture)},
                      steps);
}

namespace {

/// Families are independent: their effects add in quadrature (as in run_result), and so does what the closed
/// loop and the engine's constants are wrong by.
void add_intervals(const ServedModel& model, ServedResult& r) {
    double down_tpot = 0, up_tpot = 0, down_ttft = 0, up_ttft = 0;
    for (std::size_t f = 0; f < kFamilyCount; ++f)
        for (const int side : {-1, 1}) {
            Bend bend{};
            bend[f]            = static_cast<std::int8_t>(side);
            const LoopResult x = model.evaluate(bend);
            const double tpot = std::log(x.tpot / r.loop.tpot), ttft = std::log(x.ttft / r.loop.ttft);
            (tpot < 0 ? down_tpot : up_tpot) += tpot * tpot;
            (ttft < 0 ? down_ttft : up_ttft) += ttft * ttft;
        }
    const auto own = [](const Figure<double>& spread) {
        return std::pow(std::log(std::max(1.0, spread.value)), 2);
    };
    const double tpot_own = own(model.engine().tpot_spread), ttft_own = own(model.engine().ttft_spread);
    const auto range = [](Seconds t, double down, double up) {
        return Estimate{t, t * std::exp(-std::sqrt(down)), t * std::exp(std::sqrt(up)), Source::fitted};
    };
    r.tpot = range(r.loop.tpot, down_tpot + tpot_own, up_tpot + tpot_own);
    r.ttft = range(r.loop.ttft, down_ttft + ttft_own, up_ttft + ttft_own);
}

/// Requests per second of a closed loop.
double rate_of(ServedModel& model, const Workload& w, double clients) {
    model.set_clients(clients);
    const LoopResult r = model.evaluate();
    return clients / (r.ttft + (w.mean_answer() - 1) * r.tpot).base();
}

void add_rates(const Scenario& s, ServedResult& r) {
    const double answer        = s.workload.mean_answer();
    const double whole         = (r.loop.ttft + (answer - 1) * r.loop.tpot).base();
    r.output_tokens_per_s      = s.workload.concurrency * answer / whole;  // Little's law
    r.output_tokens_per_s_gpu  = r.output_tokens_per_s / r.gpus;
    r.output_tokens_per_s_user = 1 / r.loop.tpot.base();
}

ServedResult predict_known(const Scenario& s, const DataFiles& data) {
    const ServedModel model(s, data);
    ServedResult r;
    r.loop = model.evaluate();
    r.gpus = model.units().gpus();
    add_intervals(model, r);
    add_rates(s, r);
    return r;
}

Estimate between(const Estimate& a, const Estimate& b) {
    return {Seconds{std::sqrt(a.time.base() * b.time.base())}, std::min(a.low, b.low),
            std::max(a.high, b.high), Source::assumed};
}

}  // namespace

Scenario in_closed_form(const Scenario& s, const DataFiles& data) {
    const Arrivals& a = s.workload.arrivals;
    if (a.process == ArrivalProcess::closed || s.workload.concurrency > 0) return s;
    if (a.process == ArrivalProcess::trace)
        fail_at(s.file, "/workload/concurrency",
                "missing; the closed form needs clients above 0 (isobath serve plays the trace)");
    Scenario out                     = s;
    out.workload.requests_per_client = 1e9;  // no first wave
    if (out.speculation.use == SpeculationUse::unknown) out.speculation.use = SpeculationUse::off;
    ServedModel model(out, data);
    double low = 1e-6, high = 1e6;
    if (const double most = rate_of(model, s.workload, high); most < a.rate)
        fail_at(s.file, "/workload/arrivals/rate",
                fmt::format("{:g} requests a second; in closed form it serves {:.3g} at most", a.rate, most));
    for (int i = 0; i < 60; ++i) {
        const double middle                                        = std::sqrt(low * high);
        (rate_of(model, s.workload, middle) < a.rate ? low : high) = middle;
    }
    out.workload.concurrency = high;
    out.speculation.use      = s.speculation.use;
    return out;
}

ServedResult predict_served(const Scenario& asked, const DataFiles& data) {
    const Scenario s = in_closed_form(asked, data);
    if (s.speculation.method == SpeculationMethod::none || s.speculation.use != SpeculationUse::unknown)
        return predict_known(s, data);
    Scenario with = s, without = s;
    with.speculation.use    = SpeculationUse::on;
    without.speculation.use = SpeculationUse::off;
    const ServedResult on = predict_known(with, data), off = predict_known(without, data);
    ServedResult r = off;
    r.tpot         = between(on.tpot, off.tpot);
    r.ttft         = between(on.ttft, off.ttft);
    r.loop.tpot    = r.tpot.time;
    r.loop.ttft    = r.ttft.time;
    add_rates(s, r);
    return r;
}

}  // namespace isobath
