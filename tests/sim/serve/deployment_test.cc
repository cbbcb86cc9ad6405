#include "sim/serve/deployment.h"

#include <cmath>

#include "hw/spec_reader.h"
#include "sim/scenario_reader.h"
#include "sim/serve/traffic.h"
#include "sim/served/served.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

constexpr const char *kTp8 = "deepseek-r1-serve-tp8-h200", *kSplit = "deepseek-r1-serve-split-h200";

Scenario with(const char* name, const std::vector<std::string>& set) {
    std::vector<Override> overrides;
    for (const std::string& one : set) overrides.push_back(parse_override(one));
    return load_scenario(name, DataFiles(), overrides);
}

Deployment deployment(const char* name, const std::vector<std::string>& set = {}) {
    return deployment_of(with(name, set), DataFiles());
}

std::string refusal(const char* name, const std::vector<std::string>& set) {
    try {
        deployment(name, set);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("deployment: an aggregated scenario is one fleet with the engine's constants", "[sim][serve]") {
    const Scenario s   = with(kTp8, {});
    const Deployment d = deployment_of(s, DataFiles());
    CHECK_FALSE(d.split);
    CHECK(d.setup.second.count == 0);
    CHECK(d.setup.first.count == 1);
    CHECK(d.setup.first.unit.ranks == 1);
    CHECK(d.setup.first.unit.gpus == 8);
    CHECK(d.setup.first.unit.chunk == 16384);
    CHECK(d.setup.first.unit.policy == SchedulePolicy::prefill_first);
    CHECK(d.setup.front_end == std::llround(s.engine.front_end.value.in(unit::ns)));
    CHECK(d.setup.slo_tpot == 50'000'000);
    // The same room as the closed form's: slots * (prompt + reserve * answer), to the buffers of a full
    // cache.
    const double prompt = 0.9 * 1024, answer = 0.9 * 1024;
    const double closed =
        ServedModel(s, DataFiles()).cache_slots() * (prompt + s.engine.answer_reserved.value * answer);
    CHECK(double(d.setup.first.unit.cache_tokens) == Approx(closed).epsilon(0.02));
}

TEST_CASE("deployment: a prompt's cache crosses at its bytes over the network card", "[sim][serve]") {
    // FP8 cache: 61 layers * 576 B = 35,136 B a token on every GPU of the rank; 400 Gbit/s = 50 GB/s.
    const Deployment d = deployment(kSplit);
    CHECK(d.split);
    CHECK(d.first.kv_per_token.in(unit::B) == Approx(35'136));
    CHECK(d.setup.hand_over_ns == Approx(35'136 / 50.0));
    CHECK(d.setup.first.unit.role == UnitRole::prefill);
    CHECK(d.setup.second.unit.role == UnitRole::decode);
    CHECK(d.setup.second.count == 3);
    CHECK(d.gpus() == 32);
}

TEST_CASE("deployment: survival of drafts becomes the chance of 1, 2, ... tokens", "[sim][serve]") {
    // S = 0.8, 0.5: one token with 0.2, two with 0.3, three with 0.5; in the mean 1 + 0.8 + 0.5.
    const Deployment d = deployment(
        kTp8, {"speculation.method=mtp", "speculation.depth=2", "speculation.acceptance=[0.8,0.5]"});
    const std::vector<double>& chances = d.setup.first.unit.accepted;
    REQUIRE(chances.size() == 3);
    CHECK(chances[0] == Approx(0.2));
    CHECK(chances[1] == Approx(0.3));
    CHECK(chances[2] == Approx(0.5));
    CHECK(d.tokens_per_step == Approx(2.3));
    CHECK(d.setup.first.unit.speculation_ns > 0);
}

TEST_CASE("deployment: engines that mix prompts into decode steps decode first, unless told otherwise",
          "[sim][serve]") {
    CHECK(deployment(kTp8, {"engine=tensorrt-llm"}).setup.first.unit.policy == SchedulePolicy::decode_first);
    CHECK(deployment(kTp8, {"engine=tensorrt-llm", "serving.policy=prefill-first"}).setup.first.unit.policy ==
          SchedulePolicy::prefill_first);
}

TEST_CASE("deployment: prefix cache and swap are counted in tokens of this model", "[sim][serve]") {
    // BF16: 70,272 B a token on each GPU; swap at 50 GB/s.
    const Deployment d =
        deployment(kTp8, {"serving.prefix_cache.capacity=7.0272 GB", "serving.preemption=swap"});
    CHECK(d.setup.first.unit.prefix.tokens == Approx(100'000).margin(1));
    CHECK(d.setup.first.unit.swap_ns == Approx(70'272 / 50.0));
    CHECK(deployment(kTp8).setup.first.unit.prefix.tokens < 0);
    CHECK_FALSE(deployment(kTp8, {"serving.prefix_cache.capacity=none"}).setup.first.unit.prefix.on);
}

TEST_CASE("deployment: a schedule of four parts changes every six hours", "[sim][serve]") {
    const Deployment d   = deployment(kSplit, {R"(serving.schedule={"decode":[3,2,1,3]})"});
    const auto& schedule = d.setup.second.schedule;
    REQUIRE(schedule.size() == 4);
    CHECK(schedule[2].at == 43'200'000'000'000);
    CHECK(schedule[2].count == 1);
    CHECK(d.setup.second.repeats_daily);
    CHECK(d.setup.first.schedule.empty());
}

TEST_CASE("deployment: equal aggregated units are counted and kept to the cluster", "[sim][serve]") {
    const char* name   = "deepseek-r1-serve-chat-h200";
    const Deployment d = deployment(name);
    CHECK_FALSE(d.split);
    CHECK(d.setup.first.count == 4);
    CHECK(d.gpus() == 32);
    CHECK_THAT(refusal(name, {"cluster.nodes=3"}),
               Catch::Contains("/serving/units: units take 32 GPUs, but the cluster has 24"));
}

TEST_CASE("deployment: nonsense is refused with its place and what is allowed", "[sim][serve]") {
    const auto says = [](const std::vector<std::string>& set, const char* what) {
        INFO(set.back());
        CHECK_THAT(refusal(kTp8, set), Catch::Contains(what));
    };
    says({"workload.arrivals.process=poison"}, "allowed: closed, poisson, gamma, diurnal, sessions, trace");
    says({"workload.arrivals.process=poisson"}, "/workload/arrivals/rate: missing; requests per second");
    says({"workload.arrivals.process=poisson", "workload.arrivals.rate=2"}, "/workload/duration: missing");
    says({"workload.arrivals.process=trace"}, "/workload/arrivals/trace: missing");
    says({"workload.requests=2.5"}, "expected a whole number");
    says({"serving.schedule={\"decode\":[1]}"},
         "/serving/schedule/decode: unknown key; known here: aggregated");
    says({"serving.schedule={\"aggregated\":[1,2]}"},
         "/serving/schedule/aggregated/1: expected a whole number from 0 to 1");
    says({"serving.prefix_cache.capacity=much"}, "or auto, or none");
    says({"serving.failures.mtbf=100 s"}, "/serving/failures/repair: missing");
    says({"serving.rebalance.interval=1 s", "serving.rebalance.pause=2 s"}, "not shorter than the interval");
    says({"workload.duration=10 s", "workload.warm_up=10 s"}, "not shorter than the duration");
    says({"workload.isl=2e7"}, "allowed to serve: up to 1e+07");
    says({"workload.cached_share=1.5"}, "cached_share");
    says({"serving.units={\"aggregate\":{}}"}, "/serving/units/aggregate: unknown key");
}

TEST_CASE("traffic: a day's rates have the scenario's mean and its shape", "[sim][serve]") {
    // 0.02 a second is 1,728 a day. Rates of 1 and 3, half and one and a half of the mean, stand in the
    // middle of their halves; between these the rate is linear: 1 at 0 h, 0.5 at 6 h, 1 at 12 h. So the first
    // half has 0.75 of the mean: 648. Poisson: deviations of 42 and 25.
    const Scenario s  = with(kTp8, {"workload.arrivals.process=diurnal", "workload.arrivals.rate=0.02",
                                    "workload.arrivals.profile=[1,3]", "workload.duration=86400 s"});
    const auto source = traffic_of(s);
    Request one;
    int all = 0, first = 0;
    while (source->next(one)) {
        ++all;
        first += one.arrival < 43'200'000'000'000;
    }
    CHECK(all == Approx(1728).margin(4 * 42));
    CHECK(first == Approx(648).margin(4 * 26));
    CHECK(expected_requests(s) == Approx(1728));
}
