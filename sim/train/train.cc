#include "sim/train/train.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isobath {
namespace {

/// A trace's chunk: four layers of experts.
constexpr int kTraceLayers = 4;

void check(const TrainModel& model, const TrainLayout& layout, const std::string& where) {
    const std::string wrong = wrong_with(model, layout);
    if (!wrong.empty()) throw SpecError(model.scenario().file, where, wrong);
}

/// A split sequence takes ranks from the data-parallel ones.
TrainLayout layout_of(const TrainModel& model, const TrainPhaseSpec& p, const std::string& where) {
    TrainLayout l = layout_of(model.scenario());
    if (p.sequence > 0) l.sequence = p.sequence;
    if (p.global_batch > 0) l.global_batch = p.global_batch;
    if (p.cp > 0) {
        const int ranks = l.dp * l.cp;
        if (ranks % p.cp != 0)
            throw SpecError(model.scenario().file, where + "/cp",
                            fmt::format("{} does not divide the {} ranks of dp x cp", p.cp, ranks));
        l.cp = p.cp;
        l.dp = ranks / p.cp;
    }
    check(model, l, where);
    return l;
}

double gpu_hours(const TrainLayout& l, Seconds step, double steps) {
    return l.gpus() * steps * step.in(unit::s) / 3600;
}

void add_phases(const TrainModel& model, TrainResult& r) {
    const std::vector<TrainPhaseSpec> specs = phases_of(r.scenario);
    for (std::size_t i = 0; i < specs.size(); ++i) {
        TrainPhaseResult p{specs[i], r.layout, {}, 0, specs[i].gpu_hours, true};
        if (!p.spec.stated()) {
            p.layout             = layout_of(model, p.spec, fmt::format("/training/phases/{}", i));
            const TrainStep step = train_step(model, p.layout, model.costs(p.layout));
            p.step               = step.time;
            p.fits               = step.memory.fits();
            p.steps              = p.spec.tokens / tokens_per_step(p.layout);
            p.gpu_hours          = gpu_hours(p.layout, p.step, p.steps);
        }
        r.gpu_hours += p.gpu_hours;
        r.phases.push_back(std::move(p));
    }
}

void add_bill(TrainResult& r) {
    const Scenario& s = r.scenario;
    const double usd  = s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
    const int gpus    = s.cluster.gpus();
    r.usd             = r.gpu_hours * usd;
    r.megawatt_hours  = r.gpu_hours * s.cluster.gpu.watts * s.training.power_usage_effectiveness / 1e6;
    r.days            = r.gpu_hours / gpus / 24;
    if (s.training.mtbf_gpu_hours <= 0) return;
    r.failures = {job_mtbf(s.training.mtbf_gpu_hours * 3600 * unit::s, gpus), s.training.checkpoint,
                  s.training.restart};
    // One that takes no time would be written without end.
    r.failures.checkpoint = std::max(r.failures.checkpoint, 1 * unit::ms);
    r.checkpoint_interval = daly_interval(r.failures);
    r.wall_per_useful     = wall_per_useful(r.failures, r.checkpoint_interval);
}

/// Each family to both ends of its interval; families are independent, so effects add in quadrature.
void add_ranges(const TrainModel& model, TrainResult& r) {
    double below = 0, above = 0, layer_below = 0, layer_above = 0;
    const StageParts four{0, kTraceLayers, 0, 0, false};
    for (int f = 0; f < kFamilyCount; ++f)
        for (const std::int8_t end : {std::int8_t(-1), std::int8_t(+1)}) {
            Bend bend{};
            bend[static_cast<std::size_t>(f)] = end;
            const LayerCosts costs            = model.costs(r.layout, bend);
            const TrainStep step              = train_step(model, r.layout, costs, bend);
            const double by                   = (step.time - r.step.time).in(unit::s);
            (by < 0 ? below : above) += by * by;
            if (!r.scenario.model.moe) continue;
            PairPlanner planner(model, costs, r.layout.recompute, bend);
            const double layer =
                (planner.run(four, four).span - r.layer.span * kTraceLayers).in(unit::s) / kTraceLayers;
            (layer < 0 ? layer_below : layer_above) += layer * layer;
        }
    r.step_range  = {r.step.time - std::sqrt(below) * unit::s, r.step.time + std::sqrt(above) * unit::s};
    r.layer_range = {r.layer.span - std::sqrt(layer_below) * unit::s,
                     r.layer.span + std::sqrt(layer_above) * unit::s};
}

void add_layer(const TrainModel& model, TrainResult& r) {
    const StageParts four{0, kTraceLayers, 0, 0, false};
    PairPlanner planner(model, r.costs, r.layout.recompute);
    r.layer          = planner.run(four, four);
    const double one = 1.0 / kTraceLayers;
    for (Seconds* t : {&r.layer.span, &r.layer.compute_busy, &r.layer.comm_busy}) *t = one * *t;
    for (Seconds& t : r.layer.roles) t = one * t;
    const BlockTimes& moe      = r.costs.of(r.scenario.model.moe ? Block::moe : Block::dense);
    const std::size_t weight   = static_cast<std::size_t>(TrainPhase::ffn_weight);
    const double stretch       = r.layer.roles[weight] / moe.beside[weight];
    r.layer_weight_main_stream = stretch * moe.weight_main_stream;
}

void add_rates(TrainResult& r) {
    const double tokens = tokens_per_step(r.layout), s = r.step.time.in(unit::s);
    const FlopsPerSecond peak = r.scenario.cluster.gpu.peak(Math::bf16);
    r.flop_per_token          = training_flops(r.scenario.model, r.layout.sequence, 0).total();
    r.tokens_per_day          = tokens / s * 86400;
    r.mfu                     = tokens * r.flop_per_token / r.step.time / (r.layout.gpus() * peak);
    r.hardware_utilisation    = r.step.flop / r.step.time / peak;
}

}  // namespace

double tokens_per_step(const TrainLayout& l) {
    return l.global_batch * l.sequence;
}

bool TrainResult::fits() const {
    return step.memory.fits() &&
           std::all_of(phases.begin(), phases.end(), [](const TrainPhaseResult& p) { return p.fits; });
}

TrainResult train(const Scenario& scenario, const DataFiles& data, std::shared_ptr<const RouterSample> sample,
                  Ranges ranges) {
    const TrainModel model(scenario, data, std::move(sample));
    TrainResult r;
    r.scenario = scenario;
    r.layout   = layout_of(scenario);
    r.sample   = model.sample();
    check(model, r.layout, "/training/global_batch");
    r.costs = model.costs(r.layout);
    r.step  = train_step(model, r.layout, r.costs);
    add_layer(model, r);
    r.step_range  = {r.step.time, r.step.time};
    r.layer_range = {r.layer.span, r.layer.span};
    if (ranges == Ranges::wanted) add_ranges(model, r);
    add_rates(r);
    add_phases(model, r);
    add_bill(r);
    return r;
}

}  // namespace isobath
