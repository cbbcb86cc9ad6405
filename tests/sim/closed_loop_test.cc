#include "sim/served/closed_loop.h"

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

/// Decode takes 10 ms + 0.1 ms a request, prefill 100 ms + 50 ms a prompt.
LoopSteps steps(double tokens_per_step = 1) {
    return {[](double n) { return 10 * ms + n * (0.1 * ms); },
            [](double n) { return 100 * ms + n * (50 * ms); }, tokens_per_step};
}

LoopEngine engine() {
    LoopEngine e;
    e.front_end = 20 * ms;
    e.chunk     = 4000;
    return e;
}

}  // namespace

TEST_CASE("closed loop: one client never waits for another's prefill", "[sim][served]") {
    // Decode alone 10.1 ms a token. First token: front end 20, prefill 150, and half a decode step for the
    // look at the queue that nine of ten requests meet: 20 + 150 + 0.9 * 10.1 / 2.
    const LoopResult r = aggregated_loop({1, 1000, 500, 10}, engine(), steps());
    CHECK(r.tpot.in(ms) == Approx(10.1));
    CHECK(r.stall.in(ms) == Approx(0).margin(1e-12));
    CHECK(r.ttft.in(ms) == Approx(20 + 0.1 * 150 + 0.9 * (150 + 5.05)).epsilon(1e-3));
}

TEST_CASE("closed loop: others' prefill adds (C - 1) / (answer - 1) of a prefill to each token",
          "[sim][served]") {
    // 41 clients with answers of 401 tokens: a tenth of a prompt arrives in a step, so prompts rarely meet:
    // 40 prefills of about 150 ms fall into 400 tokens, 15 ms a token, less what is shared (a gathering holds
    // 0.1025 / (1 - exp(-0.1025)) = 1.052 prompts, 152.6 ms instead of 157.8).
    const LoopResult r = aggregated_loop({41, 1000, 401, 10}, engine(), steps());
    CHECK(r.decode_step.in(ms) == Approx(14.1));
    CHECK(r.stall.in(ms) == Approx(40.0 / 400 * 152.6 / 1.052).epsilon(2e-3));
}

TEST_CASE("closed loop: Little's law holds", "[sim][served]") {
    // Clients = rate * (time to first token + rest). With a full cache the rate is that of the running ones.
    LoopEngine e = engine();
    e.slots      = 16;
    const LoopLoad load{64, 1000, 401, 1e9};
    const LoopResult r = aggregated_loop(load, e, steps());
    CHECK(r.running == 16);
    CHECK(r.waiting == 48);
    const double rate = 64 / (r.ttft + 400.0 * r.tpot).base();
    const double own  = 16 / (r.ttft - r.queue + 400.0 * r.tpot).base();
    CHECK(rate == Approx(own).epsilon(0.02));
}

TEST_CASE("closed loop: more clients never make a token faster", "[sim][served]") {
    Seconds before;
    for (double clients = 1; clients < 2000; clients *= 1.7) {
        const LoopResult r = aggregated_loop({clients, 1000, 300, 10}, engine(), steps());
        CHECK(r.tpot >= before);
        before = r.tpot;
    }
}

TEST_CASE("closed loop: the first requests of all clients share one burst of prefill", "[sim][served]") {
    // 40 prompts of 1000 tokens in chunks of 4000: ten steps of 300 ms; a prompt waits (10 + 1) / 2 of them.
    const LoopResult r = aggregated_loop({40, 1000, 400, 10}, engine(), steps());
    CHECK(r.first_wave.in(ms) == Approx(5.5 * 300));
}

TEST_CASE("closed loop: a draft that is accepted shortens decode but not others' prefill", "[sim][served]") {
    const LoopResult one = aggregated_loop({41, 1000, 401, 10}, engine(), steps(1));
    const LoopResult two = aggregated_loop({41, 1000, 401, 10}, engine(), steps(2));
    CHECK(two.tpot - two.stall == 0.5 * (one.tpot - one.stall));
    CHECK(two.stall.in(ms) == Approx(one.stall.in(ms)).epsilon(0.06));
}

TEST_CASE("closed loop: units apart do not disturb each other until prefill is the narrow place",
          "[sim][served]") {
    const SplitUnits units{2, 1, 1, 1e9, 30 * ms};
    const LoopResult few = split_loop({4, 1000, 401, 1e9}, engine(), units, steps());
    CHECK(few.tpot.in(ms) < 10.5);
    CHECK(few.ttft.in(ms) == Approx(20 + 150 + 30).epsilon(0.01));
    // Two lines of 150 ms a prompt serve 13.3 requests a second. 400 clients cannot be decoded all the time:
    // those in decode are rate * 400 * (10 + 0.1 n) ms = n, n = 5.333 * (10 + 0.1 n), n = 114.3.
    const LoopResult many = split_loop({400, 1000, 401, 1e9}, engine(), units, steps());
    CHECK(many.running == Approx(114.3).epsilon(0.01));
    // The rest of the cycle 400 / 13.33 = 30 s is waiting: 30 - 400 * 21.43 ms = 21.4 s.
    CHECK(many.ttft.in(s) == Approx(30 - 0.4 * 21.43).epsilon(0.02));
}
