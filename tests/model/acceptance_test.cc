#include <algorithm>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "model/acceptance/acceptance_file.h"
#include "model/acceptance/beta_mixture.h"
#include "model/acceptance/draft_plan.h"
#include "model/acceptance/survival.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

AcceptanceFile preset(const std::string& name) {
    const std::string path = "scenarios/acceptance/" + name + ".json";
    return read_acceptance(parse_json(*DataFiles().find(path), path), path);
}

/// What one chance for every position says of three drafts, over what was measured.
double overstated(const std::string& name) {
    const AcceptanceFile f = preset(name);
    return tokens_per_step(geometric(f.lengths.at(0) - 1, 3)) / f.lengths.at(2) - 1;
}

}  // namespace

TEST_CASE("acceptance: tokens per step are one and the sum of survival", "[model][acceptance]") {
    CHECK(tokens_per_step(std::vector<double>{0.9, 0.5}) == Approx(2.4));
    // i.i.d. 0.8: 1 + 0.8 = 1.8; 1 + 0.8 + 0.64 + 0.512 = 2.952
    CHECK(tokens_per_step(geometric(0.8, 1)) == Approx(1.8));
    CHECK(tokens_per_step(geometric(0.8, 3)) == Approx(2.952));
}

TEST_CASE("acceptance: every preset that ships meets its measured lengths within 2 %",
          "[model][acceptance]") {
    int curves = 0;
    for (const std::string& name : DataFiles().names("scenarios/acceptance")) {
        const AcceptanceFile f = preset(name);
        CHECK_FALSE(f.curve.source.empty());
        CHECK(f.curve.measured == f.curve.depth());
        if (f.lengths.empty()) continue;
        ++curves;
        const std::vector<double> lengths = lengths_of(f.curve.survival);
        for (std::size_t i = 0; i < f.lengths.size(); ++i) {
            INFO(name << " with " << i + 1 << " drafts");
            CHECK(lengths.at(i) == Approx(f.lengths[i]).epsilon(0.02));
        }
    }
    CHECK(curves == 15);  // 14 of SPEED-Bench coding and TensorRT-LLM's
}

TEST_CASE("acceptance: presets hold what the regression makes of the measured lengths",
          "[model][acceptance]") {
    for (const char* name : {"deepseek-v4-pro-mtp-plain", "kimi-k3-dspark", "qwen3.5-397b-mtp-thinking"}) {
        const AcceptanceFile f = preset(name);
        const FromLengths made = survival_from_lengths(f.lengths);
        for (std::size_t i = 0; i < f.lengths.size(); ++i)
            CHECK(made.survival.at(i) == Approx(f.curve.survival.at(i)).margin(2e-4));
    }
    // 3.53 -> 3.52 tokens with one draft more: no survival is negative, so the length is moved, by 0.3 %.
    const FromLengths noisy = survival_from_lengths(std::vector<double>{1.79, 2.39, 2.78, 3.02, 3.01});
    CHECK(noisy.lowest_step == Approx(-0.01));
    CHECK(noisy.change < 0.003);
    CHECK(noisy.survival.back() >= 0);
}

TEST_CASE("acceptance: one chance for all depths overstates DeepSeek at three drafts by 17 to 26 %",
          "[model][acceptance]") {
    // 1 + .79 + .79^2 + .79^3 = 2.907 for 2.49; 3.545 for 2.97 with .92; 3.545 for 2.82 with .92.
    CHECK(overstated("deepseek-v4-pro-mtp-thinking") == Approx(0.168).margin(0.001));
    CHECK(overstated("deepseek-v4-pro-mtp-plain") == Approx(0.194).margin(0.001));
    CHECK(overstated("deepseek-r1-mtp-strict") == Approx(0.257).margin(0.001));
    CHECK(overstated("glm-5.2-mtp") < 0.06);  // modules that do not decay so
}

TEST_CASE("acceptance: pooling makes a list fall and keeps its mean", "[model][acceptance]") {
    // 0.2 and 0.4 pool to 0.3; 0.1 stays.
    CHECK(monotone(std::vector<double>{0.9, 0.2, 0.4, 0.1}) ==
          std::vector<double>{0.9, 0.30000000000000004, 0.30000000000000004, 0.1});
}

TEST_CASE("acceptance: a Beta mixture's moments and fit give it back", "[model][acceptance]") {
    // Beta(3, 1): S_1 = 3/4, S_2 = 3/4 * 4/5 = 0.6, S_3 = 0.6 * 5/6 = 0.5.
    const BetaMixture beta{3, 1};
    CHECK(beta.survival(3) == Approx(0.5));
    const BetaMixture from = beta_of_moments(0.75, 0.6);
    CHECK(from.a == Approx(3));
    CHECK(from.b == Approx(1));
    const BetaMixture fitted = fit_beta(std::vector<double>{0.75, 0.6, 0.5, 3.0 / 7});
    CHECK(fitted.a == Approx(3).epsilon(0.01));
    CHECK(fitted.b == Approx(1).epsilon(0.01));
    CHECK(beta_of_moments(0.8, 0.5).size() > 1e5);  // 0.5 / 0.8 < 0.8: falling chances are no mixture
}

TEST_CASE("acceptance: slices of a mixture have its moments", "[model][acceptance]") {
    for (const BetaMixture beta : {BetaMixture{3, 1}, BetaMixture{0.5, 0.5}, BetaMixture{800, 200}}) {
        double first = 0, second = 0;
        const std::vector<double> s = slices(beta, 200);
        for (const double one : s) {
            first += one / 200;
            second += one * one / 200;
        }
        CHECK(first == Approx(beta.survival(1)).epsilon(1e-3));
        CHECK(second == Approx(beta.survival(2)).epsilon(2e-3));
        CHECK(std::is_sorted(s.begin(), s.end()));
    }
}

TEST_CASE("acceptance: beyond what was measured a curve goes on falling, and less is known",
          "[model][acceptance]") {
    const Acceptance measured = preset("deepseek-v3-mtp").curve;
    const Acceptance deep     = at_depth(measured, 6);
    REQUIRE(deep.depth() == 6);
    CHECK(deep.measured == 3);
    CHECK(std::is_sorted(deep.survival.rbegin(), deep.survival.rend()));
    for (std::size_t i = 3; i < 6; ++i) {
        CHECK(deep.low[i] < deep.survival[i]);
        CHECK(deep.survival[i] < deep.high[i]);
        CHECK(deep.high[i] / deep.low[i] > deep.high[i - 1] / deep.low[i - 1]);
    }
    // 0.244 / 0.532 = 0.459 a draft, which is below the mixture's.
    CHECK(deep.survival[3] == Approx(0.244 * 0.244 / 0.532));
    CHECK(at_depth(measured, 2).survival == std::vector<double>{0.875, 0.532});
}

TEST_CASE("acceptance: a loss of one position compounds with depth", "[model][acceptance]") {
    Acceptance a{{0.8, 0.6}, {0.7, 0.5}, {0.9, 0.7}, "", 2, false};
    const Acceptance b = with_loss(a, {0.9, 0.8, 1, "test"});
    CHECK(b.survival[0] == Approx(0.72));
    CHECK(b.survival[1] == Approx(0.6 * 0.81));
    CHECK(b.low[1] == Approx(0.5 * 0.64));
    CHECK(b.high[1] == Approx(0.7));
    CHECK(with_loss(a, {}).survival == a.survival);
}

TEST_CASE("acceptance: a file that is no curve is refused", "[model][acceptance]") {
    const auto said = [](const char* text) -> std::string {
        try {
            read_acceptance(parse_json(text, "a.json"), "a.json");
        } catch (const SpecError& e) {
            return e.what();
        }
        return "nothing";
    };
    const std::string rule = "expected chances between 0 and 1 that never rise with depth";
    CHECK(said(R"({"survival": [0.5, 0.6], "source": "x"})") == "a.json: /survival: " + rule);
    CHECK(said(R"({"survival": [1.5], "source": "x"})") == "a.json: /survival: " + rule);
    CHECK(said(R"({"survival": [], "source": "x"})") ==
          "a.json: /survival: expected a list of 1 to 64 numbers");
    CHECK(said(R"({"survival": [0.5], "low": [0.6], "source": "x"})") ==
          "a.json: /low: expected low <= survival <= high");
    CHECK(said(R"({"survival": [0.5], "sorce": "x"})") != "nothing");
}

TEST_CASE("draft plans: passes, rows and verified tokens of each method", "[model][acceptance]") {
    CHECK(mtp_plan(3, false).passes == 3);
    CHECK(mtp_plan(3, false).later_rows == 1);  // one row per request once the cache has caught up
    CHECK(mtp_plan(3, true).modules == 3);
    CHECK(mtp_plan(3, true).later_rows == 0);  // a cache of its own each: every verified token
    CHECK(parallel_heads_plan(4).passes == 1);
    CHECK(parallel_heads_plan(4).verified == 5);
    CHECK(medusa_plan(5, 63).verified == 64);  // Medusa's tree of 63 and the root
    CHECK(eagle_plan(6, 8, 59).verified == 60);
    CHECK(eagle_plan(6, 8, 59).later_rows == 8);
}

TEST_CASE(
    "acceptance: GSM8K's rising curve spreads contexts as Beta of size 4 by moments, 7 by least squares",
    "[model][acceptance]") {
    // r = 0.6158 / 0.7617 = 0.8085; (1 - r) / (r - 0.7617) = 4.1.
    const std::vector<double> s = preset("mtp-gsm8k").curve.survival;
    CHECK(beta_of_moments(s[0], s[1]).size() == Approx(4.1).margin(0.05));
    CHECK(fit_beta(s).size() == Approx(7.2).margin(0.1));
}
