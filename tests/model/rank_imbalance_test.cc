#include "model/train/rank_imbalance.h"

#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr int kExperts = 64, kTopK = 4;

RouterSample sample(Balancing balancing, std::uint64_t seed = 1) {
    return sample_router(balancing, kExperts, kTopK, seed);
}

}  // namespace

TEST_CASE("rank imbalance: every token of the sample has its experts", "[model][train]") {
    const RouterSample s = sample(Balancing::bias_update);
    double pairs         = 0;
    for (const auto* half : {&s.first, &s.second})
        for (const double load : *half) pairs += load;
    CHECK(pairs == Approx(2. * s.sequences * s.tokens * kTopK));
}

TEST_CASE("rank imbalance: the bias balances where nothing else does", "[model][train]") {
    const ImbalanceSpec spec{16, 2, 16, 4096, 0};
    const RankImbalance none = rank_imbalance(sample(Balancing::none), spec),
                        bias = rank_imbalance(sample(Balancing::bias_update), spec);
    CHECK(bias.rank > 1);
    CHECK(none.rank > 1.5 * bias.rank);
    CHECK(bias.node < bias.rank);
}

TEST_CASE("rank imbalance: with the bias, what is left is the topics of sequences and falls as their root",
          "[model][train]") {
    const RouterSample s = sample(Balancing::bias_update);
    const auto excess    = [&](double sequences) {
        return rank_imbalance(s, {16, 2, sequences, 4096, 0}).rank - 1;
    };
    CHECK(excess(400) == Approx(excess(100) / 2).epsilon(0.05));
    CHECK(rank_imbalance(s, {1, 1, 16, 4096, 0}).rank == 1);
}

TEST_CASE("rank imbalance: a capacity caps the busiest rank and drops the rest", "[model][train]") {
    const RouterSample s     = sample(Balancing::none);
    const RankImbalance kept = rank_imbalance(s, {16, 2, 16, 4096, 0}),
                        cut  = rank_imbalance(s, {16, 2, 16, 4096, 1.25});
    CHECK(kept.dropped == 0);
    CHECK(cut.rank <= 1.25);
    CHECK(cut.dropped > 0.05);
    CHECK(rank_imbalance(s, {16, 2, 16, 4096, 64}).dropped < 1e-6);
}

TEST_CASE("rank imbalance: the same seed draws the same router", "[model][train]") {
    CHECK(sample(Balancing::bias_update, 7).first == sample(Balancing::bias_update, 7).first);
    CHECK(sample(Balancing::bias_update, 7).first != sample(Balancing::bias_update, 8).first);
}
