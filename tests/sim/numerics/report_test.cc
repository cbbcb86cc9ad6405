#include "sim/numerics/report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/numerics/budget.h"
#include "sim/scenario_reader.h"
#include "tests/catch.h"
#include "tests/sim/said.h"

using namespace isobath;

namespace {

NumericsRequest request(const std::string& policy) {
    NumericsRequest r;
    r.model                     = load_model(DataFiles(), "deepseek-v3");
    r.policy                    = load_precision(DataFiles(), policy);
    r.survival                  = {0.875, 0.532, 0.244};
    r.sample.attention.contexts = {512, 2048};
    r.sample.router.tokens      = 128;
    r.positions                 = 48;
    r.vocabulary                = 1024;
    return r;
}

NumericsReport report(const std::string& policy) {
    return numerics_report(request(policy), DataFiles());
}

}  // namespace

TEST_CASE("numerics: NVFP4 is worse than FP8 is worse than BF16 by every measure of the report",
          "[sim][numerics]") {
    const NumericsReport bf16 = report("bf16"), fp8 = report("deepseek-fp8"), fp4 = report("deepseek-nvfp4");
    CHECK(bf16.hidden.hidden < fp8.hidden.hidden);
    CHECK(fp8.hidden.hidden < fp4.hidden.hidden);
    CHECK(bf16.router_mid.flips < fp8.router_mid.flips);
    CHECK(fp8.router_mid.flips < fp4.router_mid.flips);
    CHECK(bf16.router_mid.weight_moved < fp8.router_mid.weight_moved);
    CHECK(fp8.router_mid.weight_moved < fp4.router_mid.weight_moved);
    for (std::size_t i = 0; i < 3; ++i) {
        INFO("draft " << i + 1);
        CHECK(bf16.positions[i].loss < fp8.positions[i].loss);
        CHECK(fp8.positions[i].loss < fp4.positions[i].loss);
        CHECK(bf16.positions[i].at.total_variation < fp8.positions[i].at.total_variation);
        CHECK(fp8.positions[i].at.total_variation < fp4.positions[i].at.total_variation);
    }
    // By K: every sum in NVFP4 is worse than in FP8, and that worse than in BF16.
    for (const FormatAtK& four : fp4.by_k)
        if (four.format == Format::nvfp4)
            for (const FormatAtK& other : fp4.by_k)
                if (other.k == four.k && other.format != Format::nvfp4)
                    CHECK(other.error.rms < four.error.rms);
}

TEST_CASE("numerics: a relative error does not grow with the length of the sum", "[sim][numerics]") {
    // Independent rounding of operands: error and sum both grow with the root of k. INT8, with one scale for
    // all of a row, is left out: a longer row has more outliers.
    const NumericsReport out = report("bf16");
    for (const FormatAtK& at : out.by_k)
        for (const FormatAtK& other : out.by_k)
            if (at.format == other.format && at.format != Format::int8 && at.k == 2048 && other.k == 16384)
                CHECK(other.error.rms == Approx(at.error.rms).epsilon(0.25));
}

TEST_CASE("numerics: bounds hold the central loss, and BF16 predicts none", "[sim][numerics]") {
    const NumericsReport bf16 = report("bf16"), fp4 = report("deepseek-nvfp4");
    for (const PositionLoss& p : fp4.positions) {
        CHECK(p.low <= p.loss);
        CHECK(p.loss <= p.high);
    }
    CHECK(bf16.predicted == 0);
    CHECK(fp4.predicted_low <= fp4.rules.low);
    CHECK(fp4.predicted_high >= fp4.rules.high);
    CHECK(fp4.predicted == fp4.rules.constant);
}

TEST_CASE("numerics: the same seed prints the same report, another one another", "[sim][numerics]") {
    const std::string once = to_json(report("deepseek-fp8")).dump();
    CHECK(to_json(report("deepseek-fp8")).dump() == once);
    NumericsRequest other = request("deepseek-fp8");
    other.sample.seed     = 2;
    CHECK(to_json(numerics_report(other, DataFiles())).dump() != once);
}

TEST_CASE("numerics: the user's logits say what drafts lose, equal ones nothing exactly", "[sim][numerics]") {
    NumericsRequest r = request("deepseek-fp8");
    numerics::Noise noise(3);
    const numerics::Tensor logits = numerics::synthetic_logits(32, 256, noise);
    r.logits                      = GivenLogits{logits, logits};
    const NumericsReport out      = numerics_report(r, DataFiles());
    REQUIRE(out.positions.size() == 1);
    CHECK(out.positions[0].at.exact == 1);
    CHECK(out.positions[0].loss > 0);
}

TEST_CASE("numerics: pictures show every format, cache and position", "[sim][numerics]") {
    const std::vector<plot::Figure> figures = figures_of(report("deepseek-nvfp4"));
    REQUIRE(figures.size() == 4);
    CHECK(figures[0].marks.size() == 6);
    CHECK(figures[1].marks.size() == 4);
    CHECK(figures[3].x.categories.size() == 3);
}

TEST_CASE("numerics: a wider budget never finds a dearer precision, and a Hopper GPU none of 4 bits",
          "[sim][numerics]") {
    const Scenario scenario = load_scenario("deepseek-v3-decode-ep128-h800", DataFiles());
    const NumericsRequest r = request("deepseek-fp8");
    double before           = 1;
    for (const double acceptance : {0.01, 0.05}) {
        numerics::NumericBudget budget;
        budget.acceptance      = acceptance;
        const BudgetReport out = cheapest_precision(scenario, r, budget, DataFiles());
        REQUIRE(out.found.feasible);
        CHECK(out.cheapest.score.acceptance_loss <= acceptance);
        CHECK(out.cheapest.step.in(unit::s) <= before);
        for (const Format f :
             {out.cheapest.policy.gemm, out.cheapest.policy.moe, out.cheapest.policy.dispatch})
            CHECK(f != Format::nvfp4);
        before = out.cheapest.step.in(unit::s);
    }
}

TEST_CASE("numerics: budgets and flags that make no sense are refused in one line", "[sim][numerics][cli]") {
    CHECK(parse_budget("error=0.1,acceptance=0.02").acceptance == 0.02);
    CHECK(std::isinf(parse_budget("error=0.1").acceptance));
    for (const std::string bad : {"", "error", "error=", "error=2", "error=nan", "error=0.1,", "errors=0.1",
                                  "error=0.1,error=0.2", "acceptance=-1"}) {
        INFO(bad);
        CHECK_THROWS_AS(parse_budget(bad), SpecError);
    }
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{"numerics"}, "isobath numerics: POLICY is missing"},
        {{"numerics", "bf17"}, "no preset \"bf17\"; did you mean \"bf16\"?"},
        {{"numerics", "bf16", "--seed", "x"}, "--seed x: need a whole number"},
        {{"numerics", "bf16", "--tensor", "key=a.npy"}, "names: activations, weights, cache"},
        {{"numerics", "bf16", "--tensor", "cache=/no.npy"}, "/no.npy: cannot open"},
        {{"numerics", "bf16", "--logits", "target=/no.npy"}, "/no.npy: cannot open"},
        {{"numerics", "bf16", "--logits", "target"}, "expected NAME=FILE"},
        {{"numerics", "bf16", "--budget", "x=1"}, "--budget x=1: expected error=SHARE"},
        {{"numerics", "bf16", "--scenario", "qwen2.5-72b-decode-tp8-h100"}, "MLA and routed experts"},
        {{"numerics", "/no/such.json"}, "cannot open"}};
    for (const auto& [words, message] : wrong) {
        const Said answer = say(words);
        INFO(answer.err);
        CHECK(answer.code == cli::kUserError);
        CHECK(answer.out.empty());
        CHECK(std::count(answer.err.begin(), answer.err.end(), '\n') == 1);
        CHECK(answer.err.find(message) != answer.err.npos);
    }
}
