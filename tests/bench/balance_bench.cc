/// What planning costs: a placement of a whole DeepSeek-V3 must fit between two decode steps.
#include "model/balance/batch_balance.h"
#include "model/balance/eplb.h"
#include "model/balance/popularity_law.h"
#include "model/balance/router.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

ExpertLoad v3_load() {
    Random random(1);
    return draw_load({PopularityLaw::Kind::lognormal, 0.7}, 58, 256, 8, 1e6, random);
}

void rebalance(benchmark::State& state, EplbShape shape, double goal_us) {
    const ExpertLoad load = v3_load();
    EplbScratch scratch;
    ExpertPlacement placement;
    rebalance_experts(load, shape, scratch, placement);
    const Goal goal(state, goal_us);
    for (auto _ : state) {
        rebalance_experts(load, shape, scratch, placement);
        benchmark::DoNotOptimize(placement.phy2log.data());
    }
}

BENCHMARK_CAPTURE(rebalance, ep72_288_global, EplbShape{288, 8, 9, 72}, 5'000);
BENCHMARK_CAPTURE(rebalance, ep32_288_hierarchical, EplbShape{288, 8, 4, 32}, 5'000);
BENCHMARK_CAPTURE(rebalance, ep320_320_global, EplbShape{320, 8, 40, 320}, 10'000);

void judge(benchmark::State& state) {
    const ExpertLoad load      = v3_load();
    const ExpertPlacement plan = rebalance_experts(load, {288, 8, 9, 72});
    std::vector<double> ranks(72);
    const Goal goal(state, 1);  // one layer of a step: nothing beside the step's own 10 us
    for (auto _ : state) {
        rank_loads(load.layer(0), plan, 0, ranks);
        benchmark::DoNotOptimize(mean_over_max(ranks));
    }
}
BENCHMARK(judge);

void expect_max(benchmark::State& state) {
    const ExpertLoad load      = v3_load();
    const ExpertPlacement plan = rebalance_experts(load, {288, 8, 9, 72});
    const auto inclusion       = inclusion_probabilities(load.layer(0), 8);
    RankSpread spread;
    find_rank_spread(inclusion, plan, 0, 72 * 128, CopyChoice::even, 1, spread);
    const Goal goal(state, 20);  // 58 layers in a millisecond
    for (auto _ : state) {
        find_rank_spread(inclusion, plan, 0, 72 * 128, CopyChoice::even, 1, spread);
        benchmark::DoNotOptimize(expected_max_over_mean(spread));
    }
}
BENCHMARK(expect_max);

void route(benchmark::State& state) {
    TokenRouter router({256, 8, 8, 4, 2, Gating::sigmoid}, std::vector<double>(256, 1.0));
    Random random(1);
    std::vector<int> experts(8);
    const Goal goal(state, 10);
    for (auto _ : state) router.draw(random, experts);
}
BENCHMARK(route);

}  // namespace
