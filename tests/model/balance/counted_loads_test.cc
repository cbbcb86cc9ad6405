#include "tests/model/balance/counted_loads.h"

#include <fmt/format.h>

#include "model/balance/batch_balance.h"
#include "model/balance/eplb.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr EplbShape kEp72{288, 8, 9, 72};

double unbalanced(const ExpertLoad& load, int gpus) {
    return mean_over_max(load, contiguous_placement(load.layers, load.experts, gpus));
}

struct Range {
    double low = 1, high = 0;
    void take(double x) { low = std::min(low, x), high = std::max(high, x); }
};

bool is_decode(const std::string& name) {
    return name.starts_with("decode");
}

}  // namespace

TEST_CASE("counted loads: without EPLB the mean GPU has .52-.67 of the busiest at EP8, .30-.40 at EP64",
          "[model][balance][data]") {
    const auto loads = test::counted_loads();
    if (loads.empty()) return;
    const std::map<int, Range> published{
        {8, {.52, .67}}, {16, {.45, .59}}, {32, {.38, .51}}, {64, {.30, .40}}};
    std::string table = "mean/max             EP8   EP16   EP32   EP64  hottest/mean\n";
    std::map<int, Range> seen;
    for (const auto& [name, load] : loads) {
        table += fmt::format("{:<22}", name);
        for (const auto& [gpus, range] : published) {
            const double now = unbalanced(load, gpus);
            seen[gpus].take(now);
            table += fmt::format("{:.3f}  ", now);
        }
        table += fmt::format("{:.2f}\n", hottest_over_mean(load));
    }
    WARN(table);
    for (const auto& [gpus, range] : published) {
        INFO(gpus << " GPUs");
        CHECK(seen[gpus].low == Approx(range.low).margin(0.01));
        CHECK(seen[gpus].high == Approx(range.high).margin(0.01));
    }
}

TEST_CASE("counted loads: EPLB gives .973-.978 at EP72 where the plan fits, and far less where it does not",
          "[model][balance][data]") {
    const auto loads = test::counted_loads();
    if (loads.empty()) return;
    Range own, apart, alike;
    std::string table = "planned on (row), judged on (column), files in order of name\n";
    for (const auto& [planned, load] : loads) {
        const ExpertPlacement plan = rebalance_experts(load, kEp72);
        table += fmt::format("{:<22}", planned);
        for (const auto& [judged, other] : loads) {
            const double now = mean_over_max(other, plan);
            table += fmt::format(" {:.3f}", now);
            (planned == judged ? own : is_decode(planned) != is_decode(judged) ? apart : alike).take(now);
        }
        table += '\n';
    }
    WARN(table);
    CHECK(own.low == Approx(.973).margin(.001));
    CHECK(own.high == Approx(.978).margin(.001));
    CHECK(apart.low == Approx(.486).margin(.002));  // prefill planned on decode, or the other way round
    CHECK(apart.high == Approx(.699).margin(.002));
    CHECK(alike.low == Approx(.590).margin(.002));  // among decode or prefill files alone
    CHECK(alike.high < .98);
}

TEST_CASE("counted loads: 32 to 256 tokens per GPU balance to .875, .905, .927 and .943 under a perfect plan",
          "[model][balance][data]") {
    // Decode of 2000 in, 100 out; a token of an expert takes its copies in turn.
    const auto loads = test::counted_loads();
    if (loads.empty()) return;
    const ExpertLoad& load     = loads.at("decode_in2000out100");
    const ExpertPlacement plan = rebalance_experts(load, kEp72);
    const std::map<int, double> published{{32, .875}, {64, .905}, {128, .927}, {256, .943}};
    Random random(1);
    std::string table = "tokens/GPU  closed form  Monte Carlo  published\n";
    for (const auto& [tokens, value] : published) {
        const double closed = expected_mean_over_max(load, plan, 8, 72. * tokens);
        const double counted =
            simulated_mean_over_max(load, plan, 8, 72 * tokens, CopyChoice::even, 1, random);
        table += fmt::format("{:<11} {:.4f}       {:.4f}       {:.3f}\n", tokens, closed, counted, value);
        CHECK(closed == Approx(value).margin(.004));
        CHECK(counted == Approx(closed).margin(.006));
    }
    WARN(table);
}

TEST_CASE("counted loads: the busiest GPU of every layer is never busier with EPLB",
          "[model][balance][data]") {
    for (const auto& [name, load] : test::counted_loads())
        for (const int gpus : {8, 16, 32, 64}) {
            const auto without =
                layer_mean_over_max(load, contiguous_placement(load.layers, load.experts, gpus));
            const auto with =
                layer_mean_over_max(load, rebalance_experts(load, {256 + gpus, 8, gpus / 8, gpus}));
            for (std::size_t l = 0; l < with.size(); ++l) CHECK(with[l] >= without[l]);
        }
}
