#include "model/balance/popularity_law.h"

#include <numeric>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

using Kind = PopularityLaw::Kind;

/// Mean and variance over the squared mean of many draws.
std::pair<double, double> moments(const PopularityLaw& law, int experts) {
    Random random(11);
    const std::vector<double> w = draw_popularity(law, experts, random);
    const double mean           = total(w) / experts;
    double squares              = 0;
    for (const double x : w) squares += (x / mean - 1) * (x / mean - 1) / experts;
    return {mean, squares};
}

}  // namespace

TEST_CASE("popularity law: every law is said and read in one way", "[model][balance]") {
    for (const char* text : {"uniform", "zipf:0.5", "lognormal:0.7", "dirichlet:2"})
        CHECK(to_string(parse_popularity_law(text)) == text);
    CHECK(parse_popularity_law("zipf:1") == PopularityLaw{Kind::zipf, 1});
    for (const char* text : {"", "zip:1", "uniform:1", "uniform:", "zipf", "zipf:", "zipf:-1", "zipf:1x",
                             "zipf:nan", "lognormal:4", "dirichlet:0", "dirichlet:inf", "zipf:1e999"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_popularity_law(text), SpecError);
    }
    CHECK_THROWS_WITH(parse_popularity_law("zipf:9"),
                      "\"zipf:9\": expected zipf:NUMBER, a number from 0 to 5");
    CHECK_THROWS_WITH(parse_popularity_law("gauss:1"),
                      "\"gauss:1\": expected uniform, zipf:S, lognormal:SIGMA or dirichlet:ALPHA");
}

TEST_CASE("popularity law: draws have the moments of their law", "[model][balance]") {
    // lognormal: mean exp(s^2/2), variation exp(s^2) - 1. Gamma of shape a: mean a, variation 1/a.
    // 200,000 draws: the mean is good to 0.2 %, the fourth moment allows 3 % of the variation.
    const auto [log_mean, log_var] = moments({Kind::lognormal, 0.7}, 200'000);
    CHECK(log_mean == Approx(std::exp(0.245)).epsilon(0.01));
    CHECK(log_var == Approx(std::expm1(0.49)).epsilon(0.03));
    for (const double alpha : {0.7, 2.0}) {
        const auto [mean, variation] = moments({Kind::dirichlet, alpha}, 200'000);
        CHECK(mean == Approx(alpha).epsilon(0.01));
        CHECK(variation == Approx(1 / alpha).epsilon(0.03));
    }
    CHECK(moments({Kind::uniform, 0}, 100).second == 0);
}

TEST_CASE("popularity law: Zipf's hottest has E^s times the coldest, wherever they stand",
          "[model][balance]") {
    Random random(1);
    const auto w           = draw_popularity({Kind::zipf, 0.5}, 256, random);
    const auto [low, high] = std::minmax_element(w.begin(), w.end());
    CHECK(*high / *low == Approx(16));  // 256^0.5
    CHECK(std::find(w.begin(), w.end(), 1.0) != w.begin());
}

TEST_CASE("popularity law: chances sum to top_k, and none is above one", "[model][balance]") {
    // {8, 1, 1, 1, 1} for top-2: 8 * 2/12 is above 1, so expert 0 is sure and the others share 1.
    CHECK(inclusion_probabilities(std::vector<double>{8, 1, 1, 1, 1}, 2) ==
          std::vector<double>{1, 0.25, 0.25, 0.25, 0.25});
    CHECK(inclusion_probabilities(std::vector<double>{3, 1}, 1) == std::vector<double>{0.75, 0.25});
    CHECK(inclusion_probabilities(std::vector<double>{5, 0, 0}, 2) == std::vector<double>{1, 0.5, 0.5});
    CHECK(inclusion_probabilities(std::vector<double>{0, 0}, 1) == std::vector<double>{0.5, 0.5});
    CHECK(total(inclusion_probabilities(std::vector<double>{1e300, 1e300, 1}, 2)) == Approx(2));
    CHECK_THROWS_AS(inclusion_probabilities(std::vector<double>{1, 1}, 3), SpecError);
    CHECK_THROWS_AS(inclusion_probabilities(std::vector<double>{1, -1}, 1), SpecError);
    Random random(2);
    for (const char* law : {"zipf:2", "lognormal:2", "dirichlet:0.05"}) {
        const auto p = inclusion_probabilities(draw_popularity(parse_popularity_law(law), 64, random), 6);
        CHECK(total(p) == Approx(6));
        CHECK(*std::max_element(p.begin(), p.end()) <= 1);
    }
}

TEST_CASE("popularity law: the same seed draws the same bytes", "[model][balance]") {
    Random a(5), b(5), c(6);
    const PopularityLaw law{Kind::dirichlet, 0.5};
    const ExpertLoad first = draw_load(law, 3, 64, 4, 100, a);
    CHECK(first == draw_load(law, 3, 64, 4, 100, b));
    CHECK_FALSE(first == draw_load(law, 3, 64, 4, 100, c));
    CHECK(tokens(first, 2, 4) == Approx(100));
    CHECK(hottest_over_mean(first) > 1);
}

TEST_CASE("popularity law: the sampler picks each expert as often as it is popular, none twice",
          "[model][balance]") {
    Random random(3);
    const auto p = inclusion_probabilities(draw_popularity({Kind::lognormal, 1}, 32, random), 4);
    InclusionSampler sampler(p);
    std::vector<double> seen(32);
    std::vector<int> experts(4);
    constexpr int kTokens = 40'000;
    for (int t = 0; t < kTokens; ++t) {
        sampler.draw(random, experts);
        std::sort(experts.begin(), experts.end());
        CHECK_FALSE(std::adjacent_find(experts.begin(), experts.end()) != experts.end());
        for (const int e : experts) seen[std::size_t(e)] += 1.0 / kTokens;
    }
    for (std::size_t e = 0; e < p.size(); ++e)  // four deviations of a binomial share
        CHECK(std::abs(seen[e] - p[e]) <= 4 * std::sqrt(p[e] * (1 - p[e]) / kTokens) + 1e-12);
}
