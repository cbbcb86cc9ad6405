/// A whole plan: every candidate of the space accounted for.
///
/// DeepSeek-V3 on 32 H200, 4,000 tokens in and 1,000 out: under one second on one core, at least 300,000
/// candidates, 30,000 of them evaluated. The space that a public planner searches for the same question in
/// 19.3 s (3,328 distinct configurations on 2 cores; ours by the same axes): under 0.1 s.
#include "sim/planner/plan.h"
#include "sim/scenario_reader.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

void plan(benchmark::State& state, const std::vector<std::string>& set, double goal_us) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    const Scenario scenario = load_scenario("plan-v3-32-h200", DataFiles(), overrides);
    const Goal goal(state, goal_us);
    Tally tally;
    for (auto _ : state) tally = search_plans(scenario, DataFiles()).tally;
    state.counters["considered"] = tally.considered;
    state.counters["evaluated"]  = tally.evaluated;
    state.counters["paired"]     = tally.paired;
    state.counters["steps"]      = tally.steps;
}

BENCHMARK_CAPTURE(plan, v3_32_h200, std::vector<std::string>{}, 1e6)->Unit(benchmark::kMillisecond);

/// That planner's axes: attention tp or dp within a node, experts over both, no speculation, no overlap, its
/// 44 batches of aggregated units and 96 of decode units taken as 96, one chunk, no redundant experts.
BENCHMARK_CAPTURE(plan, known_axes,
                  std::vector<std::string>{"plan.space.unit_gpus=[8]", "plan.space.tp=[1,2,4,8]",
                                           "plan.space.ep=[1,2,4,8]", "plan.space.comms=[\"nccl\"]",
                                           "plan.space.overlaps=[\"none\"]", "plan.space.redundant=[0]",
                                           "plan.space.speculations=[\"none\"]", "plan.space.chunks=[8192]",
                                           "plan.space.precisions=[]"},
                  1e5)
    ->Unit(benchmark::kMillisecond);

}  // namespace
