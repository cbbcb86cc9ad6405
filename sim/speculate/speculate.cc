#include "sim/speculate/speculate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/memory_demand.h"
#include "sim/speculate/deployments.h"
#include "sim/speculate/precision_loss.h"

namespace isobath {
namespace {

constexpr int kUsualDepths = 3, kMostBatches = 12;

bool fits(const StepModel& m, const StepInput& in, const StepWorkspace& work) {
    return memory_of(m.weights(), memory_demand(m.scenario(), work.batch, in)).fits;
}

/// The step at both ends of every family, which are independent: effects add in quadrature.
void add_interval(const StepModel& m, const StepInput& input, StepWorkspace& work, SpeculatePoint& p) {
    double down = 0, up = 0;
    for (std::size_t f = 0; f < kFamilyCount; ++f)
        for (const int side : {-1, 1}) {
            Bend bend{};
            bend[f]        = static_cast<std::int8_t>(side);
            const double d = evaluate(m, input, work, bend).step.base() - p.step.value;
            (d < 0 ? down : up) += d * d;
        }
    p.step.low  = std::max(0.0, p.step.value - std::sqrt(down));
    p.step.high = p.step.value + std::sqrt(up);
}

double sum(const std::vector<double>& list) {
    double total = 0;
    for (const double one : list) total += one;
    return total;
}

/// What is accepted moves with the curve between its ends; under a threshold, in proportion.
void add_tokens(const Speculation& s, SpeculatePoint& p) {
    p.tokens.low = p.tokens.high = p.tokens.value;
    const double all             = sum(s.survival);
    if (!s.on() || all <= 0) return;
    const double accepted = p.tokens.value - 1;
    p.tokens.low          = 1 + accepted * sum(s.low) / all;
    p.tokens.high         = std::min(1 + p.verified, 1 + accepted * sum(s.high) / all);
}

void add_rates(SpeculatePoint& p) {
    p.per_user.low  = p.tokens.low / p.step.high;
    p.per_user.high = p.tokens.high / p.step.low;
    p.per_gpu.low   = p.per_user.low * p.batch;
    p.per_gpu.high  = p.per_user.high * p.batch;
}

/// Powers of two in requests of one attention rank, while the cache holds them without speculation.
std::vector<double> usual_batches(const StepModel& none, double context) {
    const Layout& l = none.scenario().layout;
    std::vector<double> out;
    StepWorkspace work;
    double batch = double(micro_batches(l.overlap)) / (l.attention_tp * l.attention_cp);
    for (; out.size() < kMostBatches; batch *= out.size() < 3 ? 4 : 2) {
        const StepInput in{batch, context};
        evaluate(none, in, work);
        if (!fits(none, in, work) && out.size() > 2) break;
        out.push_back(batch);
    }
    return out;
}

std::vector<Threshold> fine_thresholds() {
    std::vector<Threshold> out{{}, {ThresholdKind::adaptive, 0}};
    for (int i = 1; i < 19; ++i) out.push_back({ThresholdKind::fixed, 0.05 * i});
    return out;
}

class Study {
  public:
    Study(const Deployments& deployments, const DataFiles& data, const SpeculateAsk& ask, SpeculateStudy& out)
        : deployments_(deployments), data_(data), ask_(ask), out_(out) {}

    void run(const std::string& precision) {
        const Scenario none = deployments_.at(0, precision);
        const StepModel base(none, data_);
        context_ = none.workload.context;
        if (batches_.empty()) batches_ = ask_.batches.empty() ? usual_batches(base, context_) : ask_.batches;
        baseline_ = at_all(base, {}, Threshold{});
        out_.points.insert(out_.points.end(), baseline_.begin(), baseline_.end());
        best_ = baseline_;
        for (const int depth : ask_.depths) run(precision, depth);
        if (ask_.optimise) out_.best.insert(out_.best.end(), best_.begin(), best_.end());
    }

  private:
    void run(const std::string& precision, int depth) {
        Scenario s = deployments_.at(depth, precision);
        lose(s);
        const StepModel model(s, data_);
        const ContextCurves contexts = spread_contexts(s.speculation.survival);
        const bool chain             = s.speculation.nodes == 0;
        for (const Threshold& t : ask_.thresholds) {
            if (t.kind != ThresholdKind::none && !chain) continue;
            const std::vector<SpeculatePoint> line = at_all(model, contexts, t);
            out_.points.insert(out_.points.end(), line.begin(), line.end());
            out_.break_even.push_back(break_even(line));
            keep_best(line);
        }
        if (!ask_.optimise || !chain) return;
        for (const Threshold& t : fine_thresholds()) keep_best(at_all(model, contexts, t));
    }

    /// What another precision costs in acceptance.
    void lose(Scenario& s) const {
        const auto found = ask_.losses.find(s.precision.name);
        if (found == ask_.losses.end()) return;
        Speculation& spec = s.speculation;
        const Acceptance a =
            with_loss({spec.survival, spec.low, spec.high, spec.source, spec.measured, false}, found->second);
        spec.survival = a.survival;
        spec.low      = a.low;
        spec.high     = a.high;
    }

    std::vector<SpeculatePoint> at_all(const StepModel& m, const ContextCurves& contexts,
                                       const Threshold& t) {
        std::vector<SpeculatePoint> line;
        for (const double batch : batches_)
            line.push_back(point(m, contexts, t, {batch, context_}, line.size()));
        return line;
    }

    SpeculatePoint point(const StepModel& m, const ContextCurves& contexts, const Threshold& t,
                         StepInput input, std::size_t i) {
        SpeculatePoint p = price(m, contexts, t, input, work_);
        if (m.scenario().speculation.on()) input.load = load_of(m, contexts, t, input, work_);
        evaluate(m, input, work_);
        p.fits = fits(m, input, work_);
        add_interval(m, input, work_, p);
        add_tokens(m.scenario().speculation, p);
        add_rates(p);
        p.gain = baseline_.size() == batches_.size() && m.scenario().speculation.on()
                     ? p.per_gpu.value / baseline_[i].per_gpu.value
                     : 1;
        return p;
    }

    void keep_best(const std::vector<SpeculatePoint>& line) {
        for (std::size_t i = 0; i < line.size(); ++i)
            if (line[i].fits && line[i].per_gpu.value > best_[i].per_gpu.value) best_[i] = line[i];
    }

    static BreakEven break_even(const std::vector<SpeculatePoint>& line) {
        BreakEven b{line.front().choice, {}, line.front().gain, line.back().gain};
        for (std::size_t i = 1; i < line.size() && !b.batch; ++i) {
            const double before = line[i - 1].gain - 1, after = line[i].gain - 1;
            if (before <= 0 || after > 0) continue;
            b.batch =
                line[i - 1].batch * std::pow(line[i].batch / line[i - 1].batch, before / (before - after));
        }
        return b;
    }

    const Deployments& deployments_;
    const DataFiles& data_;
    const SpeculateAsk& ask_;
    SpeculateStudy& out_;
    std::vector<double> batches_;
    std::vector<SpeculatePoint> baseline_, best_;
    double context_ = 0;
    StepWorkspace work_;
};

std::vector<std::string> notes_of(const Scenario& s, const SpeculateAsk& ask) {
    std::vector<std::string> out{
        "acceptance: " + s.speculation.source,
        "intervals: 80 % of the kernels' times; acceptance between the ends its source gives"};
    if (std::any_of(ask.thresholds.begin(), ask.thresholds.end(),
                    [](const Threshold& t) { return t.kind != ThresholdKind::none; }) ||
        ask.optimise)
        out.push_back(fmt::format(
            "thresholds: confidence is taken to be calibrated; contexts differ as Beta with a + b = "
            "{:g} or less (assumed from one measured curve)",
            kContextSize));
    if (!ask.precisions.empty()) {
        out.emplace_back("precision and acceptance: no controlled measurement exists for this model");
        for (const std::string& name : ask.precisions) {
            const auto found          = ask.losses.find(name);
            const AcceptanceLoss loss = found == ask.losses.end() ? AcceptanceLoss{} : found->second;
            out.push_back(fmt::format("{}: acceptance of each position times {:g} ({:g} to {:g}); {}", name,
                                      loss.factor, loss.low, loss.high, loss.source));
        }
    }
    return out;
}

/// Precisions whose cost in acceptance the user did not give get what measured pairs of formats say.
void assume_losses(const Scenario& own, const DataFiles& data, SpeculateAsk& ask) {
    const double first = own.speculation.survival.empty() ? 0 : own.speculation.survival.front();
    for (const std::string& name : ask.precisions)
        if (!ask.losses.contains(name))
            ask.losses[name] = assumed_loss(data, own.precision, load_precision(data, name), first);
}

}  // namespace

SpeculateStudy speculate(const std::string& path, const DataFiles& data,
                         const std::vector<Override>& overrides, const SpeculateAsk& asked) {
    const Deployments deployments(path, data, overrides);
    SpeculateAsk ask = asked;
    if (ask.depths.empty())
        for (int d = 1; d <= std::max(kUsualDepths, deployments.own_depth()); ++d) ask.depths.push_back(d);
    if (ask.thresholds.empty()) ask.thresholds = {{}, {ThresholdKind::adaptive, 0}};
    SpeculateStudy out;
    const int deepest = *std::max_element(ask.depths.begin(), ask.depths.end());
    out.scenario      = deployments.at(deepest, ask.precisions.empty() ? "" : ask.precisions.front());
    assume_losses(deployments.at(deepest, ""), data, ask);
    Study study(deployments, data, ask, out);
    for (const std::string& precision :
         ask.precisions.empty() ? std::vector<std::string>{""} : ask.precisions)
        study.run(precision);
    out.notes = notes_of(out.scenario, ask);
    return out;
}

}  // namespace isobath
