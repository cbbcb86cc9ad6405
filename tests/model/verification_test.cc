#include "model/acceptance/verification.h"

#include <cmath>
#include <random>

#include "tests/catch.h"

using namespace isobath;

namespace {

double uniform(std::mt19937_64& random) {
    return double(random() >> 11) * 0x1p-53;
}

Distribution some(std::mt19937_64& random, int tokens, double sharpness) {
    Distribution p;
    double sum = 0;
    for (int i = 0; i < tokens; ++i) sum += p.emplace_back(std::pow(uniform(random), sharpness));
    for (double& one : p) one /= sum;
    return p;
}

}  // namespace

TEST_CASE("verification: rejection sampling keeps a draft with chance 1 - TV, and the target's tokens",
          "[model][acceptance]") {
    std::mt19937_64 random(7);
    constexpr int kDraws = 40'000;
    for (int round = 0; round < 8; ++round) {
        const Distribution p = some(random, 12, 3), q = some(random, 12, 2);
        const double exact = acceptance({}, p, q);
        CHECK(exact == Approx(1 - total_variation(p, q)).epsilon(1e-12));
        int kept = 0, first = 0;  // drafts kept; outputs that are token 0
        for (int i = 0; i < kDraws; ++i) {
            std::size_t token = draw(q, uniform(random));
            const bool keep   = uniform(random) < keep_chance({}, p, q, token);
            if (!keep) token = draw(residual(p, q), uniform(random));
            kept += keep;
            first += token == 0;
        }
        const auto error = [](double chance) { return std::sqrt(chance * (1 - chance) / kDraws); };
        CHECK(std::abs(double(kept) / kDraws - exact) < 4 * error(exact));
        CHECK(std::abs(double(first) / kDraws - p[0]) < 4 * error(p[0]));
    }
}

TEST_CASE("verification: i.i.d. drafts of 0.8 give 1.8 and 2.952 tokens per step", "[model][acceptance]") {
    std::mt19937_64 random(11);
    constexpr int kSteps = 100'000;
    for (const int depth : {1, 3}) {
        double sum = 0, squares = 0;
        for (int i = 0; i < kSteps; ++i) {
            int tokens = 1;
            while (tokens <= depth && uniform(random) < 0.8) ++tokens;
            sum += tokens;
            squares += double(tokens) * tokens;
        }
        const double mean = sum / kSteps, error = std::sqrt((squares / kSteps - mean * mean) / kSteps);
        CHECK(std::abs(mean - (depth == 1 ? 1.8 : 2.952)) < 3 * error);
    }
}

TEST_CASE("verification: greedy, typical and relaxed rules keep what they say", "[model][acceptance]") {
    const Distribution p{0.5, 0.3, 0.15, 0.05};
    const auto of = [&](Verification how, Distribution q) { return acceptance(how, p, q); };
    CHECK(of({.rule = Rule::greedy}, {0.4, 0.6, 0, 0}) == Approx(0.4));
    // Top 2, no less likely than 0.5 - 0.25: tokens 0 and 1.
    CHECK(of({.rule = Rule::relaxed, .top_n = 2, .relaxed_delta = 0.25}, {0.1, 0.2, 0.3, 0.4}) ==
          Approx(0.3));
    CHECK(of({.rule = Rule::relaxed, .top_n = 1, .relaxed_delta = 0}, {0.1, 0.2, 0.3, 0.4}) == Approx(0.1));
    // H(p) = 1.142: exp(-H) 0.3 = 0.0957; the lower limit is epsilon, 0.09: tokens 0, 1, 2.
    CHECK(entropy(p) == Approx(1.1421).epsilon(1e-3));
    CHECK(of({.rule = Rule::typical}, {0.1, 0.2, 0.3, 0.4}) == Approx(0.6));
    // Relaxing never loses: top 10 within 0.6 keeps all that top 1 does.
    CHECK(of({.rule = Rule::relaxed}, {0.1, 0.2, 0.3, 0.4}) >=
          of({.rule = Rule::greedy}, {0.1, 0.2, 0.3, 0.4}));
}

TEST_CASE("verification: temperature sharpens towards the best token and flattens towards none",
          "[model][acceptance]") {
    const Distribution p{0.6, 0.3, 0.1};
    CHECK(tempered(p, 0) == Distribution{1, 0, 0});
    // p^2 = 0.36, 0.09, 0.01 over 0.46.
    CHECK(tempered(p, 0.5)[0] == Approx(0.36 / 0.46));
    CHECK(tempered(p, 1)[1] == Approx(0.3));
    CHECK(tempered(p, 1e6)[2] == Approx(1.0 / 3).epsilon(1e-4));
    // At temperature 0 rejection sampling is greedy.
    const Distribution q{0.2, 0.7, 0.1};
    CHECK(acceptance({}, tempered(p, 0), tempered(q, 0)) == 0);
    CHECK(acceptance({}, tempered(p, 0), tempered(p, 0)) == 1);
}
