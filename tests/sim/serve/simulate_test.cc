/// A run from outside: stopping it, its threads, what is counted.
#include <stdexcept>

#include "tests/catch.h"
#include "tests/sim/serve/random_setup.h"

namespace {

using namespace isobath;

constexpr Ticks kMs = 1'000'000;

/// Prefill 1 ms + 10 us a token; decode 5 ms.
UnitSpec unit(UnitRole role) {
    UnitSpec unit;
    unit.role         = role;
    unit.steps        = LinearSteps{5e6, 0, 0, 1e6, 10'000, 0}.table();
    unit.cache_tokens = 10'000;
    return unit;
}

ServeSetup aggregated() {
    ServeSetup setup;
    setup.first.unit = unit(UnitRole::aggregated);
    return setup;
}

ServeSetup split() {
    ServeSetup setup;
    setup.first.unit   = unit(UnitRole::prefill);
    setup.second.unit  = unit(UnitRole::decode);
    setup.hand_over    = 2 * kMs;
    setup.hand_over_ns = 1'000;
    return setup;
}

/// One request every 100 ms: prompt 100, answer 11.
std::vector<Request> calm(std::uint64_t count) {
    std::vector<Request> requests;
    for (std::uint64_t id = 0; id < count; ++id)
        requests.push_back({id, Ticks(id) * 100 * kMs, 100, 11, 0, {}});
    return requests;
}

ServeResult run(const ServeSetup& setup, std::vector<Request> requests, const ServeHooks& hooks = {},
                int threads = 1) {
    ListSource source(std::move(requests));
    return simulate(setup, source, hooks, threads);
}

}  // namespace

TEST_CASE("simulate: a split request is prefilled, crosses and decodes", "[serve][simulate]") {
    // Prefill 1 + 1 = 2 ms, crossing 2 + 0.1 ms, ten decode steps of 5 ms: 54.1 ms after a front end of none.
    const ServeResult r = run(split(), calm(20));
    CHECK(r.ttft.greatest() == 2 * kMs);
    CHECK(r.e2e.least() == 54'100'000);
    CHECK(r.e2e.greatest() == 54'100'000);
    CHECK(r.tpot.greatest() == 5'210'000);            // 52.1 ms over ten tokens
    CHECK(r.between_tokens.greatest() == 7'100'000);  // the first gap holds the crossing
    CHECK(r.first.steps == 20);
    CHECK(r.second.steps == 200);
}

TEST_CASE("simulate: requests before the warm-up are served, not counted", "[serve][simulate]") {
    ServeSetup setup    = aggregated();
    setup.warm_up       = 500 * kMs;
    const ServeResult r = run(setup, calm(20));
    CHECK(r.finished == 20);
    CHECK(r.counted == 15);
    CHECK(r.ttft.count() == 15);
    CHECK(r.input_tokens == 1'500);
    CHECK(r.output_tokens == 165);
}

TEST_CASE("simulate: what a cache is said to hold is not computed, a token at least is",
          "[serve][simulate]") {
    std::vector<Request> requests = calm(2);
    requests[0].cached            = 60;
    requests[1].cached            = 100;
    const ServeResult r           = run(aggregated(), requests);
    CHECK(r.cached_tokens == 60 + 99);
    CHECK(r.first.rank_tokens[0] == 40 + 1 + 22);
    CHECK(r.ttft.greatest() == 1'400'000);
    CHECK(r.ttft.least() == 1'010'000);
}

TEST_CASE("simulate: a second prompt with the same blocks finds them", "[serve][simulate]") {
    const std::vector<std::uint64_t> blocks{11, 12, 13};
    ServeSetup setup                     = aggregated();
    setup.first.unit.prefix.on           = true;
    setup.first.unit.prefix.block_tokens = 30;
    setup.first.unit.prefix.tokens       = -1;
    std::vector<Request> requests        = calm(3);
    for (Request& request : requests) request.blocks = blocks;
    CHECK(run(setup, requests).cached_tokens == 2 * 90);
}

TEST_CASE("simulate: an objective is met by those within both limits", "[serve][simulate]") {
    ServeSetup setup = aggregated();
    setup.slo_ttft   = 2 * kMs;
    setup.slo_tpot   = 5 * kMs;
    CHECK(run(setup, calm(10)).within_slo == 10);
    setup.slo_tpot = 5 * kMs - 1;
    CHECK(run(setup, calm(10)).within_slo == 0);
}

TEST_CASE("simulate: a run that is told to stop says that it is a part", "[serve][simulate]") {
    ServeHooks hooks;
    hooks.go_on = [](Ticks now, std::uint64_t) { return now < 50'000 * kMs; };
    for (const int threads : {1, 2}) {
        const ServeResult r = run(split(), calm(100'000), hooks, threads);
        CHECK(r.partial);
        CHECK(r.finished > 100);
        CHECK(r.finished < 10'000);
    }
}

TEST_CASE("simulate: no request arrives after the stop", "[serve][simulate]") {
    ServeSetup setup    = aggregated();
    setup.stop          = 950 * kMs;
    const ServeResult r = run(setup, calm(20));
    CHECK(r.arrived == 10);
    CHECK(r.finished == 10);
    CHECK_FALSE(r.partial);
}

TEST_CASE("simulate: a fleet without units ends as a part, not in an endless wait", "[serve][simulate]") {
    ServeSetup setup     = aggregated();
    setup.first.schedule = {{0, 0}};
    const ServeResult r  = run(setup, calm(5));
    CHECK(r.partial);
    CHECK(r.arrived == 5);
    CHECK(r.finished == 0);
}

namespace {

/// A trace whose 3000th line is broken.
class BrokenSource final : public RequestSource {
  public:
    bool next(Request& out) override {
        if (asked_ == 3'000) throw std::runtime_error("line 3000");
        out = {asked_, Ticks(asked_) * kMs, 10, 5, 0, {}};
        ++asked_;
        return true;
    }

  private:
    std::uint64_t asked_ = 0;
};

}  // namespace

TEST_CASE("simulate: what a source throws reaches the caller from either thread", "[serve][simulate]") {
    for (const int threads : {1, 2}) {
        BrokenSource source;
        CHECK_THROWS_WITH(simulate(split(), source, {}, threads), "line 3000");
    }
}

TEST_CASE("simulate: a hook that throws ends both threads", "[serve][simulate]") {
    ServeHooks hooks;
    hooks.go_on = [](Ticks, std::uint64_t) -> bool { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH(run(split(), calm(100'000), hooks, 2), "enough");
}

TEST_CASE("simulate: decode units alone are no deployment", "[serve][simulate]") {
    ServeSetup setup      = aggregated();
    setup.first.unit.role = UnitRole::decode;
    CHECK_THROWS_AS(run(setup, calm(1)), std::logic_error);
}

TEST_CASE("simulate: the made up deployments of the property test do all that there is",
          "[serve][simulate]") {
    std::uint64_t preempted = 0, retried = 0, rejected = 0, listening = 0, split_ones = 0;
    double cached = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const RandomSetup made(seed);
        const auto source   = made.source();
        const ServeResult r = simulate(made.setup, *source);
        preempted += r.first.preemptions + r.second.preemptions;
        retried += r.first.retried + r.second.retried;
        rejected += r.rejected;
        listening += source->listens();
        split_ones += made.setup.first.unit.role == UnitRole::prefill;
        cached += r.cached_tokens;
    }
    CHECK(preempted > 500);
    CHECK(retried > 500);
    CHECK(rejected > 200);
    CHECK(cached > 500);
    CHECK(listening > 30);
    CHECK(split_ones > 60);
}

TEST_CASE("simulate: two threads change nothing in made up split deployments", "[serve][simulate]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const RandomSetup made(seed);
        const auto one = made.source(), two = made.source();
        const ServeResult a = simulate(made.setup, *one), b = simulate(made.setup, *two, {}, 2);
        CAPTURE(seed);
        REQUIRE(a.simulated == b.simulated);
        REQUIRE(a.e2e == b.e2e);
        REQUIRE(a.between_tokens == b.between_tokens);
        REQUIRE(a.second.running_mean == b.second.running_mean);
        REQUIRE(a.second.unit_seconds == b.second.unit_seconds);
        REQUIRE(a.first.unit_seconds == b.first.unit_seconds);
        REQUIRE(a.series.size() == b.series.size());
    }
}
