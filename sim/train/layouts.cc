#include "sim/train/layouts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace isobath {
namespace {

constexpr int kMostTensor = 8, kMostContext = 8, kMostMicroBatch = 8;
constexpr double kLeastTokens = 512;  ///< of a sequence on one of the ranks that split it

/// What a layout's layers cost does not depend on the pipeline, so layouts are visited layer by layer.
class Sweep {
  public:
    Sweep(const TrainModel& model, int at_most) : m_(model), at_most_(at_most) {}

    LayoutSweep run() {
        TrainLayout l     = layout_of(m_.scenario());
        const int experts = m_.scenario().model.moe ? m_.scenario().model.moe->n_routed_experts : 1;
        for (l.tp = 1; l.tp <= kMostTensor; l.tp *= 2)
            for (l.cp = 1; l.cp <= kMostContext && l.sequence / l.cp >= kLeastTokens; l.cp *= 2)
                for (l.ep = 1; l.ep <= experts; l.ep *= 2)
                    for (l.micro_batch = 1; l.micro_batch <= kMostMicroBatch; l.micro_batch *= 2)
                        for (const Recompute r : {Recompute::selective, Recompute::none, Recompute::full}) {
                            l.recompute = r;
                            pipelines(l);
                        }
        return std::move(out_);
    }

  private:
    bool full() const { return at_most_ > 0 && out_.evaluated >= at_most_; }

    void pipelines(TrainLayout l) {
        const Scenario& s = m_.scenario();
        bool costed       = false;
        LayerCosts costs;
        for (l.pp = 1; l.pp <= s.model.num_hidden_layers; l.pp *= 2)
            for (const Schedule schedule : {Schedule::dualpipe, Schedule::zb1p, Schedule::one_f_one_b}) {
                if (l.pp == 1 && schedule != Schedule::one_f_one_b) continue;
                l.schedule = schedule;
                ++out_.considered;
                if (full() || !possible(l)) continue;
                if (!costed) costs = m_.costs(l);
                costed = true;
                evaluate(l, costs);
            }
    }

    bool exclude(const char* why) {
        ++out_.excluded[why];
        return false;
    }

    bool possible(TrainLayout& l) {
        const Scenario& s = m_.scenario();
        const int replica = l.pp * l.tp * l.cp, gpus = s.cluster.gpus();
        if (gpus % replica != 0) return exclude("GPUs do not divide");
        l.dp = gpus / replica;
        if (s.model.attention.heads % l.tp != 0) return exclude("heads do not divide");
        if (s.model.moe && s.model.moe->n_routed_experts % l.ep != 0) return exclude("experts do not divide");
        if (l.dp * l.cp * l.tp % l.ep != 0) return exclude("experts do not divide a stage");
        if (l.ep > 1 && s.layout.comm == Comm::none) return exclude("no way for tokens to travel");
        if (l.batches() == 0) return exclude("the batch does not divide");
        return check_pipeline(l.schedule, l.pp, l.batches()).empty() ||
               exclude("too few micro-batches for dualpipe");
    }

    void evaluate(TrainLayout l, const LayerCosts& costs) {
        l.zero               = 1;
        const TrainStep plan = plan_step(m_, l, costs);
        ++out_.evaluated;
        if (!plan.memory.fits()) {
            exclude("does not fit in memory");
            return;
        }
        ++out_.fitting;
        out_.best.push_back({l, estimated_time(plan, l), {}, plan.memory.used()});
    }

    const TrainModel& m_;
    int at_most_;
    LayoutSweep out_;
};

/// The closed form's order is nearly the run's: twice as many are run as are kept.
void settle(const TrainModel& m, std::vector<LayoutChoice>& best, std::size_t keep) {
    const auto by = [](Seconds LayoutChoice::*time) {
        return [time](const LayoutChoice& a, const LayoutChoice& b) { return a.*time < b.*time; };
    };
    const auto middle = best.begin() + std::ptrdiff_t(std::min(best.size(), 2 * keep));
    std::partial_sort(best.begin(), middle, best.end(), by(&LayoutChoice::estimate));
    best.erase(middle, best.end());
    for (LayoutChoice& c : best) c.step = train_step(m, c.layout, m.costs(c.layout)).time;
    std::sort(best.begin(), best.end(), by(&LayoutChoice::step));
    best.resize(std::min(best.size(), keep));
}

nlohmann::json choice_json(const LayoutChoice& c) {
    const TrainLayout& l = c.layout;
    return {{"pp", l.pp},
            {"tp", l.tp},
            {"cp", l.cp},
            {"dp", l.dp},
            {"ep", l.ep},
            {"micro_batch", l.micro_batch},
            {"schedule", name_of(l.schedule)},
            {"recompute", name_of(l.recompute)},
            {"step_s", c.step.base()},
            {"estimate_s", c.estimate.base()},
            {"memory", c.memory.base()}};
}

std::string row(const char* mark, const LayoutChoice& c) {
    const TrainLayout& l = c.layout;
    return fmt::format("{:<2}{:>4}{:>4}{:>4}{:>6}{:>5}{:>4}  {:<9} {:<10}{:>9.2f} s{:>8.1f} GB\n", mark, l.pp,
                       l.tp, l.cp, l.dp, l.ep, l.micro_batch, name_of(l.schedule), name_of(l.recompute),
                       c.step.base(), c.memory.in(unit::GB));
}

}  // namespace

LayoutSweep sweep_layouts(const TrainModel& model, int keep, int at_most) {
    LayoutSweep out = Sweep(model, at_most).run();
    settle(model, out.best, static_cast<std::size_t>(keep));
    const TrainLayout own = layout_of(model.scenario());
    const TrainStep step  = train_step(model, own, model.costs(own));
    out.asked             = {own, estimated_time(step, own), step.time, step.memory.used()};
    return out;
}

nlohmann::json to_json(const LayoutSweep& s) {
    nlohmann::json best = nlohmann::json::array();
    for (const LayoutChoice& c : s.best) best.push_back(choice_json(c));
    nlohmann::json excluded = nlohmann::json::array();
    for (const auto& [why, count] : s.excluded) excluded.push_back({{"reason", why}, {"count", count}});
    return {{"considered", s.considered}, {"evaluated", s.evaluated},      {"fitting", s.fitting},
            {"excluded", excluded},       {"asked", choice_json(s.asked)}, {"best", best}};
}

std::string to_text(const LayoutSweep& s) {
    std::string text =
        fmt::format("\nLayouts: {} considered, {} evaluated, {} fit\n", s.considered, s.evaluated, s.fitting);
    for (const auto& [why, count] : s.excluded) text += fmt::format("  {:>6} left out: {}\n", count, why);
    text += "    pp  tp  cp    dp   ep  mb  schedule  recompute      step      memory\n";
    for (const LayoutChoice& c : s.best) text += row("", c);
    return text + row("*", s.asked) + "  * the scenario's own\n";
}

}  // namespace isobath
