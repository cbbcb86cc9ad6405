/// The price of one step evaluation, as a sweep pays it: another layout, another batch, memory, throughput,
/// cost.
///
/// A million evaluations in ten seconds on one core: 10 us each is the goal, 5 us the hope.
#include <array>

#include "model/memory.h"
#include "sim/memory_demand.h"
#include "sim/rates.h"
#include "sim/scenario_reader.h"
#include "sim/step.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kGoalUs = 10;

/// Layouts that the check accepts, each a field or two away from the last.
std::vector<Layout> decode_layouts(const Layout& base) {
    std::vector<Layout> all(5, base);
    all[1].overlap      = Overlap::none;
    all[2].overlap      = Overlap::shared_expert;
    all[3].redundant    = 128;
    all[4].pp           = 2;
    all[4].attention_dp = all[4].ep = base.ep / 2;
    return all;
}

std::vector<Layout> prefill_layouts(const Layout& base) {
    std::vector<Layout> all(5, base);
    all[1].comm_sms     = 20;
    all[2].overlap      = Overlap::none;
    all[3].redundant    = 32;
    all[4].pp           = 2;
    all[4].attention_dp = all[4].ep = base.ep / 2;
    return all;
}

/// One evaluation of a sweep over layouts, batches and contexts.
void evaluate_next(StepModel& model, StepWorkspace& work, const std::vector<Layout>& layouts, std::size_t i) {
    model.set_layout(layouts[i % layouts.size()]);
    const StepInput input{4.0 + double(i % 61), 2048.0 + 64.0 * double(i % 67)};
    const StepTimes times = evaluate(model, input, work);
    benchmark::DoNotOptimize(memory_of(model.weights(), memory_demand(model.scenario(), work.batch, input)));
    benchmark::DoNotOptimize(rates_of(model.scenario(), input, times.step));
}

void step(benchmark::State& state, const char* name, std::vector<Layout> (*layouts_of)(const Layout&)) {
    const Scenario scenario           = load_scenario(name, DataFiles());
    const std::vector<Layout> layouts = layouts_of(scenario.layout);
    StepModel model(scenario, DataFiles());
    StepWorkspace work;
    std::size_t i = 0;
    while (i < layouts.size()) evaluate_next(model, work, layouts, i++);
    const Goal goal(state, kGoalUs);
    for (auto _ : state) evaluate_next(model, work, layouts, i++);
}

BENCHMARK_CAPTURE(step, decode_ep128, "deepseek-v3-decode-ep128-h800", decode_layouts);
BENCHMARK_CAPTURE(step, prefill_ep32, "deepseek-v3-prefill-ep32-h800", prefill_layouts);

/// The same without a change of layout: what a batch or context axis costs.
void same_layout(benchmark::State& state, const char* name) {
    const Scenario scenario = load_scenario(name, DataFiles());
    StepModel model(scenario, DataFiles());
    StepWorkspace work;
    std::size_t i = 0;
    evaluate(model, {64, 4096}, work);
    const Goal goal(state, kGoalUs);
    for (auto _ : state) benchmark::DoNotOptimize(evaluate(model, {4.0 + double(i++ % 61), 4096}, work));
}

BENCHMARK_CAPTURE(same_layout, decode_ep128, "deepseek-v3-decode-ep128-h800");
BENCHMARK_CAPTURE(same_layout, prefill_ep32, "deepseek-v3-prefill-ep32-h800");

}  // namespace
