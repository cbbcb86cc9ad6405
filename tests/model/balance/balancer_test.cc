#include "model/balance/balancer.h"

#include "hw/spec_reader.h"
#include "model/balance/load_preset.h"
#include "tests/catch.h"

using namespace isobath;

TEST_CASE("balancer: each is said and read in one way", "[model][balance]") {
    for (const char* name : {"none", "replicate", "eplb", "ideal"})
        CHECK(to_string(parse_balancer(name)) == name);
    CHECK_THROWS_WITH(parse_balancer("best"),
                      "\"best\": no way of balancing; allowed: none, replicate, eplb, ideal");
}

TEST_CASE("balancer: on DeepSeek-V3's traffic copies help, moving them helps more, and none beats the ideal",
          "[model][balance]") {
    const ExpertLoad load =
        synthesize_load(load_load_preset(DataFiles(), "deepseek-v3"), "decode_in2000out100", 1);
    double before = 0;
    for (const Balancer b : {Balancer::none, Balancer::replicate, Balancer::eplb, Balancer::ideal}) {
        const double now = mean_over_max(load, place_experts(b, load, {320, 1, 1, 64}));
        INFO(to_string(b));
        CHECK(now > before);
        CHECK(now <= 1);
        before = now;
    }
    CHECK(before == 1);
    CHECK_THROWS_AS(place_experts(Balancer::none, load, {288, 8, 9, 72}), SpecError);  // 256 over 72
}

TEST_CASE("balancer: with a group per node EPLB cannot even out groups, and placing globally can",
          "[model][balance]") {
    // Eight groups on eight nodes stay where they are, so no GPU mean can fall below the hottest group's:
    // mean/max is at most 1 / (hottest group over mean), which in this traffic is 1.5 to 2.
    const ExpertLoad load =
        synthesize_load(load_load_preset(DataFiles(), "deepseek-v3"), "decode_in2000out100", 1);
    const double grouped = mean_over_max(load, place_experts(Balancer::eplb, load, {320, 8, 8, 64}));
    const double nodes   = mean_over_max(load, contiguous_placement(load.layers, load.experts, 8));
    CHECK(grouped <= nodes);
    CHECK(grouped > 0.9 * nodes);
    CHECK(mean_over_max(load, place_experts(Balancer::eplb, load, {320, 1, 1, 64})) > 1.4 * grouped);
}
