/// Training: one evaluation, and 10,000 layouts on one core, which should take less than 2 s.
#include "sim/scenario_reader.h"
#include "sim/train/layouts.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kLayoutsGoalUs = 2e6, kStepGoalUs = 20'000;

TrainModel model() {
    return TrainModel(
        load_scenario("deepseek-v3-training", DataFiles(), {parse_override("training.balance=even")}),
        DataFiles());
}

void layouts(benchmark::State& state) {
    const TrainModel m = model();
    const Goal goal(state, kLayoutsGoalUs);
    int evaluated = 0;
    for (auto _ : state) evaluated = sweep_layouts(m, 10, 10'000).evaluated;
    state.counters["evaluated"] = evaluated;
}

void step(benchmark::State& state) {
    const TrainModel m      = model();
    const TrainLayout asked = layout_of(m.scenario());
    const Goal goal(state, kStepGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(train_step(m, asked, m.costs(asked)));
}

BENCHMARK(layouts)->Unit(benchmark::kMicrosecond);
BENCHMARK(step)->Unit(benchmark::kMicrosecond);

}  // namespace
