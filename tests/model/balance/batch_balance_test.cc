#include "model/balance/batch_balance.h"

#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "model/balance/eplb.h"
#include "model/balance/popularity_law.h"
#include "model/balance/router.h"
#include "model/comm/routing.h"
#include "tests/catch.h"
#include "tests/shared_data.h"

using namespace isobath;
using nlohmann::json;

namespace {

const RouterSpec kGrouped{256, 8, 8, 4, 2};

/// How much a gate that keeps 4 of 8 groups widens the spread over `gpus`.
double group_excess(int gpus) {
    const Gate grouped{256, 8, 8, 4}, plain{256, 8};
    return variance_per_unit(grouped, spread_of(grouped), gpus) /
           variance_per_unit(plain, spread_of(plain), gpus);
}

double analytic(std::span<const double> inclusion, int gpus, int tokens_per_gpu) {
    RankSpread spread;
    find_rank_spread(inclusion, contiguous_placement(1, 256, gpus), 0, double(gpus) * tokens_per_gpu,
                     CopyChoice::even, group_excess(gpus), spread);
    return expected_max_over_mean(spread);
}

struct Compared {
    int gpus, tokens, batches;
    double analytic, counted;
};

/// Max over mean, averaged over batches cut from one stream of tokens; at most 60 of them.
Compared counted(const std::vector<int>& stream, int gpus, int tokens_per_gpu) {
    const std::size_t pairs = std::size_t(gpus) * std::size_t(tokens_per_gpu) * 8;
    double sum              = 0;
    int batches             = 0;
    std::vector<double> ranks;
    for (std::size_t at = 0; at + pairs <= stream.size() && batches < 60; at += pairs, ++batches) {
        ranks.assign(std::size_t(gpus), 0);
        for (std::size_t i = at; i < at + pairs; ++i) ++ranks[std::size_t(stream[i] * gpus / 256)];
        sum += 1 / mean_over_max(ranks);
    }
    return {gpus, tokens_per_gpu, batches, 0, sum / batches};
}

std::vector<int> stream_of(TokenRouter& router, int tokens, Random& random) {
    std::vector<int> stream(std::size_t(tokens) * 8);
    for (std::size_t t = 0; t < std::size_t(tokens); ++t)
        router.draw(random, std::span(stream).subspan(8 * t, 8));
    return stream;
}

/// The closed form against a router with groups whose chances were counted on `measure` tokens.
std::vector<Compared> compared(const char* law, int stream_tokens, int measure, Random& random) {
    const auto drawn    = inclusion_probabilities(draw_popularity(parse_popularity_law(law), 256, random), 8);
    TokenRouter router  = calibrated_router(kGrouped, drawn, random, 2, 4000);
    const auto stream   = stream_of(router, stream_tokens, random);
    const auto measured = count_inclusion(router, measure, random);
    std::vector<Compared> out;
    for (const int gpus : {8, 32, 64, 256})
        for (const int tokens : {16, 128, 1024}) {
            if (gpus * tokens > stream_tokens / 2) continue;
            out.push_back(counted(stream, gpus, tokens));
            out.back().analytic = analytic(measured, gpus, tokens);
        }
    return out;
}

}  // namespace

TEST_CASE("batch balance: E[max] of an even gate is within 3 % of counted batches", "[model][balance]") {
    // Monte Carlo of top-8 of 256 in 4 of 8 groups, contiguous ranks, 60 batches each; max over mean of the
    // pairs, deviation of the mean below 0.7 %. The worst case is the smallest batch.
    struct Case {
        int gpus, tokens;
        double counted;
    };
    const std::vector<double> even(256, 8.0 / 256);
    for (const Case& c : {Case{8, 16, 1.1526},
                          {8, 128, 1.0551},
                          {8, 1024, 1.0215},
                          {32, 16, 1.2082},
                          {32, 128, 1.0682},
                          {64, 16, 1.216},
                          {64, 128, 1.073},
                          {256, 16, 1.259},
                          {256, 128, 1.084}}) {
        INFO(c.gpus << " GPUs, " << c.tokens << " tokens");
        CHECK(analytic(even, c.gpus, c.tokens) == Approx(c.counted).epsilon(0.03));
    }
}

TEST_CASE("batch balance: E[max] of uneven gates is within 3 % of counted batches", "[model][balance]") {
    Random random(9);
    for (const char* law : {"lognormal:0.3", "zipf:1", "dirichlet:0.7"})
        for (const Compared& c : compared(law, 24'000, 30'000, random)) {
            INFO(law << ", " << c.gpus << " GPUs, " << c.tokens << " tokens");
            if (c.batches >= 10) CHECK(c.analytic == Approx(c.counted).epsilon(0.03));
        }
}

TEST_CASE("batch balance: E[max] is within 3 % of counted batches for every law and size", "[.slow]") {
    Random random(10);
    double worst = 0, squares = 0;
    int cases = 0;
    for (const char* law : {"uniform", "lognormal:0.3", "lognormal:0.7", "lognormal:1", "zipf:0.5", "zipf:1",
                            "dirichlet:2", "dirichlet:0.7"})
        for (const Compared& c : compared(law, 500'000, 300'000, random)) {
            const double off = c.analytic / c.counted - 1;
            worst            = std::max(worst, std::abs(off));
            squares += off * off;
            ++cases;
        }
    WARN(cases << " cases, worst " << worst << ", rms " << std::sqrt(squares / cases));
    CHECK(worst < 0.03);
}

TEST_CASE("batch balance: even gates of all counted cases are met", "[model][balance][data]") {
    const auto folder = test::shared_data("imbalance");
    if (folder.empty()) return;
    const std::vector<double> even(256, 8.0 / 256);
    int cases = 0;
    for (const json& c : read_json(folder / "max_load.json")) {
        if (c["kind"] != "uniform") continue;
        CHECK(analytic(even, c["R"], c["T"]) == Approx(c["mc"].get<double>()).epsilon(0.03));
        ++cases;
    }
    CHECK(cases == 11);
}

TEST_CASE("batch balance: closed form and Monte Carlo agree on copies chosen in turn and at random",
          "[model][balance]") {
    Random random(4);
    const ExpertLoad load      = draw_load({PopularityLaw::Kind::lognormal, 0.7}, 4, 256, 8, 1, random);
    const ExpertPlacement plan = rebalance_experts(load, {288, 8, 9, 72});
    for (const CopyChoice choice : {CopyChoice::even, CopyChoice::random}) {
        const double expected = expected_mean_over_max(load, plan, 8, 72 * 32, choice);
        CHECK(simulated_mean_over_max(load, plan, 8, 72 * 32, choice, 4, random) ==
              Approx(expected).epsilon(0.01));
    }
    CHECK(expected_mean_over_max(load, plan, 8, 72 * 32, CopyChoice::even) >
          expected_mean_over_max(load, plan, 8, 72 * 32, CopyChoice::random));
    CHECK(expected_mean_over_max(load, plan, 8, 1e12) == Approx(mean_over_max(load, plan)).epsilon(1e-3));
}

TEST_CASE("batch balance: a picked expert of even popularity spreads as the hypergeometric law says",
          "[model][balance]") {
    // 8 of 256 without replacement, 32 on each of 8 GPUs: variance 8 * 1/8 * 7/8 * 248/255 = 0.8510 per
    // token.
    RankSpread spread;
    find_rank_spread(std::vector<double>(256, 8.0 / 256), contiguous_placement(1, 256, 8), 0, 1,
                     CopyChoice::even, 1, spread);
    CHECK(spread.mean[3] == Approx(1));
    CHECK(spread.deviation[3] == Approx(std::sqrt(0.8510)).epsilon(1e-3));
}

TEST_CASE("batch balance: more tokens never worsen the balance", "[model][balance]") {
    Random random(8);
    const ExpertLoad load      = draw_load({PopularityLaw::Kind::dirichlet, 1}, 2, 64, 4, 1, random);
    const ExpertPlacement plan = rebalance_experts(load, {80, 1, 1, 16});
    double before              = 0;
    for (double tokens = 16; tokens < 1e6; tokens *= 2) {
        const double now = expected_mean_over_max(load, plan, 4, tokens);
        CHECK(now >= before);
        before = now;
    }
}

namespace {

/// The same integral in 4000 steps, without a table.
double fine_expected_max(const std::vector<double>& mean, const std::vector<double>& deviation) {
    double low = -HUGE_VAL, high = -HUGE_VAL, sum = 0;
    for (std::size_t r = 0; r < mean.size(); ++r) {
        low  = std::max(low, mean[r] - 9 * deviation[r]);
        high = std::max(high, mean[r] + 9 * deviation[r]);
    }
    for (int i = 0; i < 4000; ++i) {
        const double x = low + (i + 0.5) * (high - low) / 4000;
        double below   = 1;
        for (std::size_t r = 0; r < mean.size(); ++r)
            below *= 0.5 * std::erfc(-(x - mean[r]) / deviation[r] / std::sqrt(2.0));
        sum += (1 - below) * (high - low) / 4000;
    }
    return low + sum;
}

}  // namespace

TEST_CASE("batch balance: E[max] is a fine integral within a thousandth of a deviation", "[model][balance]") {
    Random random(5);
    for (const std::size_t ranks : {1u, 2u, 8u, 72u, 320u})
        for (const double spread : {0.0, 0.3, 3.0}) {
            std::vector<double> mean, deviation;
            for (std::size_t r = 0; r < ranks; ++r) {
                mean.push_back(100 + 10 * spread * draw_normal(random));
                deviation.push_back(8 + 4 * draw_uniform(random));
            }
            CHECK(expected_max(mean, deviation) == Approx(fine_expected_max(mean, deviation)).margin(0.012));
        }
    const std::vector<double> mean{3, 5}, none{0, 0};
    CHECK(expected_max(mean, none) == 5);
}
