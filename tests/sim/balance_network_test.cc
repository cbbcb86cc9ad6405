// One dispatch, drawn token by token.
#include "model/comm/routing.h"
#include "sim/balance/balance_scenario.h"
#include "sim/balance/dispatch_sample.h"
#include "sim/balance/placed_variant.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

std::vector<Override> parse_all(const std::vector<std::string>& texts) {
    std::vector<Override> out;
    for (const std::string& text : texts) out.push_back(parse_override(text));
    return out;
}

DispatchSample sampled(const std::string& scenario, const std::string& load,
                       std::vector<Override> overrides = {}, const std::string& placement = "eplb") {
    const DataFiles data;
    const Scenario s = load_balance_scenario(scenario, data, overrides, {load, "", placement}).scenario;
    return sample_dispatch(StepModel(s, data), input_of(s), 0);
}

const char *const kDecode = "deepseek-v3-decode-ep128-h800", *const kPrefill =
                                                                 "deepseek-v3-prefill-ep32-h800";

}  // namespace

TEST_CASE("balance: flows that share ports never beat the busiest port", "[sim][balance][network]") {
    for (const DispatchSample& d : {sampled(kPrefill, "lognormal:0.7"), sampled(kDecode, "zipf:0.5"),
                                    sampled("deepseek-r1-decode-ep72-nvl72", "lognormal:1")})
        for (const SampledWay& way : {d.dispatch, d.combine}) {
            CHECK(way.bottleneck <= way.fluid * (1 + 1e-12));
            CHECK(way.bottleneck > Seconds{});
            for (const PortClass& p : way.ports) {
                CHECK(p.busiest >= p.mean);
                CHECK(p.utilisation <= 1 + 1e-12);
            }
        }
}

// What leaves one port enters another; a combine takes the same ways back.
TEST_CASE("balance: what goes out comes in, and comes back", "[sim][balance][network]") {
    const DispatchSample d = sampled(kPrefill, "lognormal:0.7");
    REQUIRE(d.dispatch.ports.size() == 4);
    for (std::size_t i : {0u, 2u}) {
        const PortClass &out = d.dispatch.ports[i], &in = d.dispatch.ports[i + 1];
        CHECK(out.mean.base() == Approx(in.mean.base()));
        CHECK(d.combine.ports[i].busiest_over_mean() == Approx(in.busiest_over_mean()));
        CHECK(d.combine.ports[i + 1].busiest_over_mean() == Approx(out.busiest_over_mean()));
    }
}

// Experts in their own order, 16 on each of 16 nodes: the exact sums over the gate's choices (routing.h) say
// how many nodes a token reaches, 16 (1 - C(240,8)/C(256,8)) = 6.52 if it may go anywhere.
TEST_CASE("balance: a gate that keeps groups keeps tokens on fewer nodes", "[sim][balance][network]") {
    const DispatchSample kept = sampled(kDecode, "uniform", parse_all({"routing.gate=model"}), "none"),
                         free = sampled(kDecode, "uniform", {}, "none");
    const Gate anywhere{256, 8}, groups{256, 8, 8, 4};
    CHECK(free.distinct_nodes == Approx(6.52).epsilon(0.01));
    CHECK(free.distinct_nodes == Approx(distinct_units(anywhere, spread_of(anywhere), 16)).epsilon(0.01));
    CHECK(kept.distinct_nodes == Approx(distinct_units(groups, spread_of(groups), 16)).epsilon(0.01));
    CHECK(kept.distinct_nodes < free.distinct_nodes);
    CHECK(kept.distinct_ranks <= 8);
    CHECK(kept.distinct_ranks > kept.distinct_nodes);
}

// Two tokens of a rank reach at most 16 of 127 others: an eighth of the pairs.
TEST_CASE("balance: few tokens leave most pairs without a message, so flows are followed",
          "[sim][balance][network]") {
    const DispatchSample few =
        sampled(kDecode, "lognormal:0.5", parse_all({"workload.batch_per_gpu=4", "speculation.method=none"}));
    CHECK(few.tokens == 2);  // of one of two micro-batches
    CHECK(few.density <= 16 / 127.);
    CHECK(few.tier == NetworkTier::fluid);
    CHECK(sampled(kDecode, "lognormal:0.5").tier == NetworkTier::bottleneck);
}

// Tiles are 64 rows where all rows fit, else 128: 2 rows on the mean fill 64, thousands almost nothing.
TEST_CASE("balance: padding is most of a small batch and little of a large one", "[sim][balance][network]") {
    CHECK(sampled(kPrefill, "lognormal:0.5").padding_mean < 1.1);
    CHECK(sampled(kDecode, "lognormal:0.5", parse_all({"workload.batch_per_gpu=4"})).padding_mean > 1.5);
}

TEST_CASE("balance: where no token travels to a placed expert, that is said", "[sim][balance][network]") {
    const DataFiles data;
    const auto why = [&](const char* scenario, const char* placement) {
        return no_dispatch(StepModel(
            load_balance_scenario(scenario, data, {}, {"lognormal:0.5", "", placement}).scenario, data));
    };
    CHECK(why("deepseek-r1-decode-tp8-h200", "none") == "no tokens travel to experts on other ranks");
    CHECK(why(kDecode, "ideal") == "an ideal balancer has no placement to send tokens to");
    CHECK(why(kDecode, "eplb").empty());
}
