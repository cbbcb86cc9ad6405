#include "model/balance/placed_load.h"

#include <cmath>

#include "hw/spec_reader.h"
#include "model/balance/batch_balance.h"
#include "model/balance/eplb.h"
#include "model/balance/popularity_law.h"
#include "model/comm/routing.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

ExpertLoad uneven(double sigma, int layers = 4) {
    Random random(5);
    return draw_load({PopularityLaw::Kind::lognormal, sigma}, layers, 256, 8, 1e6, random);
}

PlacedLoad contiguous(const ExpertLoad& load, int gpus) {
    return PlacedLoad(load, contiguous_placement(load.layers, load.experts, gpus), {});
}

ExpertLoad even() {
    ExpertLoad load(2, 256);
    std::fill(load.count.begin(), load.count.end(), 100.0);
    return load;
}

}  // namespace

TEST_CASE("placed load: between its batch sizes it gives the integral within 0.5 %", "[model][balance]") {
    const ExpertLoad load = uneven(0.7);
    for (const int gpus : {8, 32, 128}) {
        const ExpertPlacement placement = contiguous_placement(load.layers, 256, gpus);
        const PlacedLoad placed(load, placement, {});
        for (const double tokens : {32., 200., 1000., 5000., 1e5, 1e6}) {
            INFO(gpus << " GPUs, " << tokens << " tokens");
            RankSpread spread;
            double exact = 0;
            for (int l = 0; l < load.layers; ++l) {
                find_rank_spread(inclusion_probabilities(load.layer(l), 8), placement, l, tokens,
                                 CopyChoice::even, 1, spread);
                exact += expected_max_over_mean(spread) / load.layers;
            }
            CHECK(placed.max_over_mean(tokens) == Approx(exact).epsilon(0.005));
        }
    }
}

// Even experts: a GPU of 8 of 256 holds k of a token's 8 with the hypergeometric law, so it is missed by
// C(248,8)/C(256,8) = 0.7736; taken one by one, by (1 - 1/32)^8 = 0.7757. A batch hits 1 - (1 - 1/32)^t.
TEST_CASE("placed load: even experts reach, hit and vary as they must", "[model][balance]") {
    const PlacedLoad placed = contiguous(even(), 32);
    CHECK(placed.popular_max_over_mean() == Approx(1));
    CHECK(placed.slot_variation() == Approx(0).margin(1e-12));
    CHECK(placed.gpus().distinct == Approx(32 * (1 - std::pow(1 - 1.0 / 32, 8))));
    CHECK(placed.nodes().distinct == Approx(4 * (1 - std::pow(1 - 1.0 / 32, 64))));
    CHECK(placed.gpus().skew == Approx(1));
    for (const double tokens : {1., 2., 16., 64.})
        CHECK(placed.share_hit(tokens) == Approx(1 - std::pow(1 - 1.0 / 32, tokens)));
    // Chance alone: 32 GPUs, mean 8 tokens / 32 each... E[max] of 32 equal normals over the mean.
    const Gate gate{256, 8};
    const double deviation = std::sqrt(4096 * variance_per_unit(gate, spread_of(gate), 32));
    const double expected  = 1 + expected_max_of_normals(32) * deviation / (4096 * 8.0 / 32);
    CHECK(placed.max_over_mean(4096) == Approx(expected).epsilon(0.002));
}

// Groups of 32 in 4 of 8, one on each of 8 nodes: a token reaches half of them, each group (chance 1/2) with
// its four GPUs of 8 experts; of its experts, 1/16 each within the group: 1 - (1 - 1/16)^8 of the GPUs.
TEST_CASE("placed load: a gate that picks groups first reaches fewer nodes", "[model][balance]") {
    PlacedShape shape{4, 8, 8, 4};
    const PlacedLoad placed(even(), contiguous_placement(2, 256, 32), shape);
    CHECK(placed.nodes().distinct == Approx(8 * 0.5 * (1 - std::pow(1 - 1.0 / 16, 32))));
    CHECK(placed.gpus().distinct == Approx(32 * 0.5 * (1 - std::pow(1 - 1.0 / 16, 8))));
    CHECK(placed.nodes().of_even == Approx(1));
}

// Two experts on two GPUs, top-1, loads 3:1: the busier GPU has 3/4 of all, 1.5 times the mean.
TEST_CASE("placed load: an endless batch is as uneven as the load", "[model][balance]") {
    ExpertLoad load(1, 2);
    load.count = {3, 1};
    const PlacedLoad placed(load, contiguous_placement(1, 2, 2), {1, 1});
    CHECK(placed.popular_max_over_mean() == Approx(1.5));
    CHECK(placed.max_over_mean(1e12) == Approx(1.5).epsilon(1e-3));
    CHECK(placed.max_over_mean(64) > 1.5);
}

TEST_CASE("placed load: a plan makes the busiest GPU less busy, a foreign one less so", "[model][balance]") {
    const ExpertLoad load = uneven(0.8), other = uneven(0.8, 4);
    ExpertLoad foreign = load;
    std::rotate(foreign.count.begin(), foreign.count.begin() + 17, foreign.count.end());
    const EplbShape shape{288, 8, 4, 32};
    const PlacedLoad planned(load, rebalance_experts(load, shape), {});
    const PlacedLoad stale(load, rebalance_experts(foreign, shape), {});
    CHECK(planned.max_over_mean(65536) < stale.max_over_mean(65536));
    CHECK(planned.max_over_mean(65536) < contiguous(load, 32).max_over_mean(65536));
    CHECK(planned.popular_max_over_mean() < 1.1);
}

TEST_CASE("placed load: a placement of another shape is refused", "[model][balance]") {
    CHECK_THROWS_AS(PlacedLoad(even(), contiguous_placement(3, 256, 32), {}), SpecError);
}
