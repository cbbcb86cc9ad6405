/// The price of one choice of depth, threshold, precision and batch, and the same on top of known step times.
///
/// The goal: 10,000 choices a second on one core, 100 us each.
#include "model/acceptance/tree.h"
#include "sim/scenario_reader.h"
#include "sim/speculate/speculate.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kGoalUs = 100;

struct Room {
    StepModel model;
    ContextCurves contexts;
};

/// Depths 1 to 4 at two precisions.
std::vector<Room> rooms() {
    std::vector<Room> out;
    for (const char* precision : {"deepseek-fp8", "bf16"})
        for (const char* depth : {"1", "2", "3", "4"}) {
            const Scenario s = load_scenario("deepseek-v3-decode-ep128-h800", DataFiles(),
                                             {parse_override("speculation.depth=" + std::string(depth)),
                                              parse_override("precision=" + std::string(precision))});
            out.push_back({StepModel(s, DataFiles()), spread_contexts(s.speculation.survival)});
        }
    return out;
}

void choice(benchmark::State& state, ThresholdKind kind) {
    const std::vector<Room> all = rooms();
    StepWorkspace work;
    std::size_t i   = 0;
    const auto next = [&] {
        const Room& r = all[i % all.size()];
        const Threshold t{kind, 0.05 + 0.1 * double(i % 9)};
        const StepInput in{4.0 + double(i++ % 61), 4096};
        benchmark::DoNotOptimize(price(r.model, r.contexts, t, in, work));
    };
    for (int warm = 0; warm < 16; ++warm) next();
    const Goal goal(state, kGoalUs);
    for (auto _ : state) next();
}

BENCHMARK_CAPTURE(choice, every_draft, ThresholdKind::none);
BENCHMARK_CAPTURE(choice, static_threshold, ThresholdKind::fixed);
BENCHMARK_CAPTURE(choice, adaptive, ThresholdKind::adaptive);

}  // namespace
