#include "model/numerics/precision_pairs.h"

#include <cmath>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

PrecisionPair pair_of(const std::string& group, double from_bits, double to_bits, double loss) {
    PrecisionPair p;
    p.group = group;
    p.from  = {"", from_bits, 0.9};
    p.to    = {"", to_bits, 0.9 - loss};
    return p;
}

}  // namespace

TEST_CASE("numerics: a chain's conditional acceptance gives back the drafts accepted", "[model][numerics]") {
    CHECK(conditional_acceptance(0.9, 1) == Approx(0.9));
    CHECK(conditional_acceptance(0.5 + 0.25 + 0.125, 3) == Approx(0.5));
    CHECK(conditional_acceptance(0, 4) == Approx(0).margin(1e-12));
    CHECK(conditional_acceptance(4, 4) == Approx(1));
    // Qwen3.8 with five drafts, 72.5 % of them accepted: 3.625 drafts, tokens per step 4.63 as reported.
    const double a = conditional_acceptance(5 * 0.725, 5);
    CHECK(1 + a + a * a + std::pow(a, 3) + std::pow(a, 4) + std::pow(a, 5) == Approx(4.625));
}

TEST_CASE("numerics: losses that follow the noise are better told by the noise", "[model][numerics]") {
    // Growth of 2^-bits: 1/4 - 1/16 = .1875, 1/8 - 1/16 = .0625, 1/4 - 1/8 = .125; loss half of it.
    const std::vector<PrecisionPair> pairs{pair_of("a", 4, 2, .1875 / 2), pair_of("b", 4, 3, .0625 / 2),
                                           pair_of("c", 3, 2, .125 / 2)};
    const PairRules rules = fit_pairs(pairs);
    CHECK(rules.slope == Approx(0.5));
    CHECK(rules.noise_residual == Approx(0).margin(1e-12));
    CHECK(rules.noise_wins());
    CHECK(rules.constant == Approx(0.0625));
}

TEST_CASE("numerics: losses that do not are better told by their mean", "[model][numerics]") {
    const std::vector<PrecisionPair> pairs{pair_of("a", 4, 2, .05), pair_of("b", 4, 3, .05),
                                           pair_of("c", 8, 8, .05)};
    CHECK_FALSE(fit_pairs(pairs).noise_wins());
    CHECK(fit_pairs(pairs).constant_residual == Approx(0).margin(1e-12));
}

TEST_CASE("numerics: a group is left out as a whole and counts as one", "[model][numerics]") {
    const std::vector<PrecisionPair> pairs{pair_of("a", 4, 2, .1), pair_of("a", 4, 2, .3),
                                           pair_of("b", 4, 2, .5)};
    CHECK(fit_pairs(pairs).constant == Approx((.2 + .5) / 2));
    const auto residuals = leave_one_group_out(pairs);
    CHECK(residuals[0].constant == Approx(.5));
    CHECK(residuals[2].constant == Approx(.2));
}

TEST_CASE("numerics: the measured pairs do not follow the noise of formats", "[model][numerics]") {
    const auto pairs      = load_precision_pairs(DataFiles());
    const PairRules rules = fit_pairs(pairs);
    CHECK(pairs.size() == 9);
    CHECK_FALSE(rules.noise_wins());
    // From a drafter that gains 0.2 points to one that loses 11.
    CHECK(rules.low == Approx(-0.002));
    CHECK(rules.high == Approx(0.111));
    // Quantising the cache to 8 bits cost more than taking 5.5-bit weights to 2.7.
    CHECK(rules.constant > 0.02);
    CHECK(rules.constant < 0.06);
    // Root mean squares over the four reports, each left out in turn: 2.8 points by the mean of the
    // others, 4.9 by their slope.
    CHECK(rules.constant_residual == Approx(0.028).epsilon(0.01));
    CHECK(rules.noise_residual == Approx(0.0487).epsilon(0.01));
}

TEST_CASE("numerics: a wrong file of pairs is refused by its place", "[model][numerics]") {
    const std::string path = "scenarios/acceptance/measured/precision-pairs.json";
    DataFiles data;
    data.replace(path, R"({"title": "", "source": "", "pairs": []})");
    CHECK_THROWS_WITH(load_precision_pairs(data), Catch::Contains("/pairs: expected at least one pair"));
    data.replace(path, R"({"title": "", "source": "", "pairs": [{"id": "x", "group": "x", "source": "",
        "changed": "weights", "drafts": 2, "from": {"format": "a", "bits": 4, "survival": [1, 2]}}]})");
    CHECK_THROWS_AS(load_precision_pairs(data), SpecError);
}
