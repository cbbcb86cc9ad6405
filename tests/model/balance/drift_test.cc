#include "model/balance/drift.h"

#include "hw/spec_reader.h"
#include "model/balance/popularity_law.h"
#include "tests/catch.h"
#include "tests/model/balance/counted_loads.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

constexpr EplbShape kShape{80, 1, 1, 16};
constexpr MoveCost kCost{44 * MB, 50 * GB / s};

ExpertLoad drawn(unsigned seed) {
    Random random(seed);
    return draw_load({PopularityLaw::Kind::lognormal, 0.8}, 3, 64, 4, 1, random);
}

DriftResult drifted(Seconds interval, Seconds window = {}) {
    return simulate_drift(drawn(1), drawn(2), kShape, {1000 * s, interval, window}, kCost);
}

}  // namespace

TEST_CASE("drift: a load that stands still keeps its balance, and nothing moves", "[model][balance]") {
    const DriftResult r = simulate_drift(drawn(1), drawn(1), kShape, {1000 * s, 100 * s, 0 * s}, kCost);
    CHECK(r.mean_over_max == Approx(foreign_mean_over_max(drawn(1), drawn(1), kShape)));
    CHECK(r.at_start.size() == 10);
    CHECK(r.moved_per_gpu == 0 * B);
    CHECK(r.kept == 1);
}

TEST_CASE("drift: one plan for the whole passage starts at its own balance and ends at a stranger's",
          "[model][balance]") {
    const DriftResult r = drifted(1000 * s);
    CHECK(r.at_start.front() == Approx(foreign_mean_over_max(drawn(1), drawn(1), kShape)));
    CHECK(r.at_end.front() == Approx(foreign_mean_over_max(drawn(1), drawn(2), kShape)));
    CHECK(r.mean_over_max > r.at_end.front());
    CHECK(r.mean_over_max < r.at_start.front());
}

TEST_CASE("drift: rebalancing more often comes nearer to a plan for every moment", "[model][balance]") {
    double before = 0;
    for (const double interval : {1000., 500., 100., 20.}) {
        const DriftResult r = drifted(interval * s);
        CHECK(r.mean_over_max > before);
        CHECK(r.mean_over_max <= r.fresh + 0.005);
        before = r.mean_over_max;
    }
}

TEST_CASE("drift: counting over a long window ages the plan", "[model][balance]") {
    CHECK(drifted(100 * s, 400 * s).mean_over_max < drifted(100 * s).mean_over_max);
}

TEST_CASE("drift: a GPU fetches what it did not hold, and time follows from bytes", "[model][balance]") {
    // Eight experts in order, two on each GPU, then each GPU's two in the other order on GPU 0 and 1 and
    // GPUs 2 and 3 exchanged: two fetches each for 2 and 3.
    ExpertPlacement before = contiguous_placement(1, 8, 4), after = before;
    std::swap(after.phy2log[0], after.phy2log[1]);
    std::swap_ranges(after.phy2log.begin() + 4, after.phy2log.begin() + 6, after.phy2log.begin() + 6);
    CHECK(experts_fetched(before, after) == std::vector<double>{0, 0, 2, 2});
    const DriftResult r = drifted(100 * s);
    CHECK(r.moved_per_gpu > 0 * B);
    CHECK(r.pause.in(s) == Approx(r.moved_per_gpu.in(B) / 50e9));
    CHECK(r.kept == Approx(100 / (100 + r.pause.in(s))));
}

TEST_CASE("drift: a passage that cannot be is refused", "[model][balance]") {
    const ExpertLoad a = drawn(1);
    CHECK_THROWS_AS(simulate_drift(a, ExpertLoad(3, 32), kShape, {1 * s, 1 * s, 0 * s}, kCost), SpecError);
    CHECK_THROWS_AS(simulate_drift(a, a, kShape, {1 * s, 0 * s, 0 * s}, kCost), SpecError);
    CHECK_THROWS_AS(simulate_drift(a, a, kShape, {1 * s, 1 * us, 0 * s}, kCost), SpecError);
    CHECK_THROWS_AS(simulate_drift(a, a, kShape, {1 * s, 1 * s, 0 * s, 0}, kCost), SpecError);
}

TEST_CASE("drift: from decode to prefill a plan falls from .975 to .69 and most experts must move",
          "[model][balance][data]") {
    const auto loads = test::counted_loads();
    if (loads.empty()) return;
    const ExpertLoad &from = loads.at("decode_in2000out100"), &to = loads.at("prefill_in2000out100");
    // An FP8 expert of DeepSeek-V3: 3 * 7168 * 2048 = 44.04 MB.
    const MoveCost cost{3. * 7168 * 2048 * B, 50 * GB / s};
    const DriftResult once = simulate_drift(from, to, {288, 8, 9, 72}, {3600 * s, 3600 * s, 0 * s}, cost);
    CHECK(once.at_start.front() == Approx(.975).margin(.002));
    CHECK(once.at_end.front() == Approx(.693).margin(.002));
    const DriftResult often = simulate_drift(from, to, {288, 8, 9, 72}, {3600 * s, 600 * s, 0 * s, 3}, cost);
    WARN("one plan an hour " << once.mean_over_max << "; every 10 minutes " << often.mean_over_max
                             << ", fresh " << often.fresh << ", moving " << often.moved_per_gpu.in(GB)
                             << " GB per GPU in " << often.pause.in(s) << " s");
    CHECK(often.mean_over_max > once.mean_over_max);
    CHECK(often.moved_per_gpu < 58 * 4 * 44.05 * MB);
}
