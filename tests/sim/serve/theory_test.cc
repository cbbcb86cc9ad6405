/// The serving simulation against what queueing theory and bookkeeping say.
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include <fmt/format.h>

#include "sim/serve/engine/steps_law.h"
#include "sim/serve/sources/loop_source.h"
#include "sim/serve/sources/open_sources.h"
#include "tests/catch.h"
#include "tests/sim/serve/goodness.h"
#include "tests/sim/serve/made_up.h"

namespace {

using namespace isobath;

constexpr Ticks kMs = 1'000'000, kSecond = 1'000'000'000;

/// One rank that serves one prompt at a time, in 10 us a token.
ServeSetup one_server() {
    ServeSetup setup;
    UnitSpec& unit    = setup.first.unit;
    unit.steps        = LinearSteps{.prefill_token = 10'000}.table();
    unit.cache_tokens = 1 << 20;
    unit.max_running  = 1;
    unit.chunk        = 1 << 20;
    return setup;
}

Asks prompts_of(LengthLaw prompt, std::uint64_t requests) {
    Asks asks;
    asks.lengths.prompt = std::move(prompt);
    asks.requests       = requests;
    return asks;
}

/// Mean time in the queue, in seconds.
double waiting(const ServeSetup& setup, LengthLaw prompt, double per_second) {
    const auto source = poisson_source(per_second, prompts_of(std::move(prompt), 400'000));
    return simulate(setup, *source).queue.mean() / double(kSecond);
}

/// Whole numbers of this mean whose chances fall by the same factor from each to the next.
LengthLaw geometric(double mean) {
    std::vector<double> weights;
    for (double w = 1; w > 1e-12; w *= 1 - 1 / mean) weights.push_back(w);
    return {1, weights};
}

}  // namespace

TEST_CASE("serve: a rank with prompts of one length waits as an M/D/1 queue", "[serve][theory]") {
    // Service 1000 tokens of 10 us = 10 ms, one at a time. Pollaczek and Khinchine: mean wait
    // rho / (1 - rho) * service / 2: at rho = 0.5 5 ms, at 0.8 20 ms. Over 400,000 requests the wait, whose
    // correlation decays over 1 / (1 - rho)^2 services, is known to about 0.3 % and 1 %.
    CHECK(waiting(one_server(), LengthLaw::fixed(1000), 50) == Approx(0.005).epsilon(0.015));
    CHECK(waiting(one_server(), LengthLaw::fixed(1000), 80) == Approx(0.020).epsilon(0.04));
}

TEST_CASE("serve: a rank with prompts of a memoryless length waits as an M/M/1 queue", "[serve][theory]") {
    // Geometric lengths of mean 1000: E[S^2] = (2 - 1/1000) * E[S]^2, all but exponential. Pollaczek and
    // Khinchine: lambda E[S^2] / (2 (1 - rho)) = 0.9995 * rho / (1 - rho) * 10 ms: 9.995 ms at 0.5, 39.98 at
    // 0.8.
    CHECK(waiting(one_server(), geometric(1000), 50) == Approx(0.009995).epsilon(0.02));
    CHECK(waiting(one_server(), geometric(1000), 80) == Approx(0.03998).epsilon(0.06));
}

TEST_CASE("serve: two units behind one router that sends to whoever is free wait as an M/D/2 queue",
          "[serve][theory]") {
    // Requests go to the unit with fewer requests and stay there, which is nearly a common queue, but never
    // better. Common queue, rho = 0.8: M/M/2 waits rho^2 / (1 - rho^2) = 1.778 services, M/D/2 half of that
    // and 1 to 2 % (Cosmetatos 1975), 0.90. Two queues at random would wait 2 services: nearer to the former
    // than to the latter.
    ServeSetup setup  = one_server();
    setup.first.count = 2;
    const double wait = waiting(setup, LengthLaw::fixed(1000), 160) / 0.010;
    CHECK(wait > 0.88);
    CHECK(wait < (0.9 + 2) / 2);
}

namespace {

/// A deployment where everything happens: 4 ranks, answers, a cache that overflows.
ServeSetup busy_unit() {
    ServeSetup setup;
    setup.front_end      = 3 * kMs;
    UnitSpec& unit       = setup.first.unit;
    unit.ranks           = 4;
    unit.steps           = LinearSteps{1e6, 1e4, 10, 1e6, 1'000, 10}.table();
    unit.cache_tokens    = 20'000;
    unit.chunk           = 2048;
    unit.answer_reserved = 0.2;
    unit.accepted        = {0.3, 0.7};
    return setup;
}

/// Prefill units before a decode unit.
ServeSetup split() {
    ServeSetup setup       = busy_unit();
    setup.second           = setup.first;
    setup.first.unit.role  = UnitRole::prefill;
    setup.first.count      = 2;
    setup.second.unit.role = UnitRole::decode;
    setup.hand_over        = 2 * kMs;
    setup.hand_over_ns     = 100;
    return setup;
}

std::unique_ptr<RequestSource> traffic(double per_second, std::uint64_t requests = 20'000) {
    Asks asks           = prompts_of(LengthLaw::log_normal(500, 1, 8'000), requests);
    asks.lengths.answer = LengthLaw::log_normal(200, 0.8, 4'000);
    return poisson_source(per_second, asks);
}

void add(std::string& text, const Quantiles& q) {
    text +=
        fmt::format(" {} {} {} {} {}", q.count(), q.mean(), q.quantile(0.5), q.quantile(0.99), q.greatest());
}

void add(std::string& text, const FleetTotals& f) {
    text +=
        fmt::format("\n{} {} {} {} {} {} {} {} {} {}", f.unit_seconds, f.busy_s, f.steps, f.prefill_steps,
                    f.preemptions, f.cache_mean, f.cache_max, f.running_mean, f.waiting_mean, f.waiting_max);
    add(text, f.step_time);
    for (const double tokens : f.rank_tokens) text += fmt::format(" {}", tokens);
}

/// Everything that a result says, to the last bit.
std::string all_of(const ServeResult& r) {
    std::string text =
        fmt::format("{} {} {} {} {} {} {} {} {}", r.simulated, r.arrived, r.finished, r.counted, r.rejected,
                    r.input_tokens, r.cached_tokens, r.output_tokens, r.within_slo);
    for (const Quantiles* q : {&r.ttft, &r.tpot, &r.e2e, &r.queue, &r.between_tokens}) add(text, *q);
    add(text, r.first), add(text, r.second);
    for (const ServeSample& s : r.series) {
        text +=
            fmt::format("\n{} {} {} {} {}", s.from, s.arrived, s.finished, s.input_tokens, s.output_tokens);
        for (const FleetSample* f : {&s.first, &s.second})
            text += fmt::format(" {} {} {} {} {}", f->in_service, f->running, f->waiting, f->cache, f->busy);
        add(text, s.ttft), add(text, s.tpot);
    }
    return text;
}

ServeResult run(const ServeSetup& setup, double per_second, int threads = 1) {
    const auto source = traffic(per_second);
    return simulate(setup, *source, {}, threads);
}

}  // namespace

TEST_CASE("serve: requests in the system are arrivals a second times their time there", "[serve][theory]") {
    // Little's law over a whole run, which begins and ends empty, is an identity: both sides are the integral
    // of the number of requests. From the scheduler to the last token a request takes e2e less the front end.
    for (const SchedulePolicy policy : {SchedulePolicy::prefill_first, SchedulePolicy::decode_first}) {
        ServeSetup setup        = busy_unit();
        setup.first.unit.policy = policy;
        const ServeResult r     = run(setup, 400);
        const double inside     = (r.e2e.mean() - double(setup.front_end)) * double(r.finished);
        CHECK(r.first.preemptions > 0);
        CHECK((r.first.running_mean + r.first.waiting_mean) * double(r.simulated) ==
              Approx(inside).epsilon(1e-9));
    }
}

TEST_CASE("serve: a server is busy for the work that it is given, whatever the order", "[serve][theory]") {
    // 1000 tokens of 10 us, one prompt at a time or a hundred, in pieces or whole: 20,000 requests, 200 s.
    for (const int together : {1, 100}) {
        for (const std::int64_t chunk : {300, 1 << 20}) {
            ServeSetup setup             = one_server();
            setup.first.unit.max_running = together;
            setup.first.unit.chunk       = chunk;
            const auto source            = poisson_source(80, prompts_of(LengthLaw::fixed(1000), 20'000));
            const ServeResult r          = simulate(setup, *source);
            CHECK(r.first.busy_s == Approx(200).epsilon(1e-9));
            CHECK(r.first.rank_tokens[0] == 20'000 * 1001);
        }
    }
}

TEST_CASE("serve: the same seed gives the same bytes, on one thread or two", "[serve][theory]") {
    for (const double series_s : {0.0, 1.5}) {
        ServeSetup setup      = split();
        setup.series_every    = Ticks(series_s * double(kSecond));
        const std::string one = all_of(run(setup, 350));
        CHECK(all_of(run(setup, 350)) == one);
        CHECK(all_of(run(setup, 350, 2)) == one);
    }
}

TEST_CASE("serve: a closed loop of equal requests turns in its hand-computed cycle", "[serve][theory]") {
    // Four clients, prompts of 100, answers of 11, no think time; front end 2 + 2 ms. Prefill takes
    // 5 ms + 4 * 100 * 10 us = 9 ms for the four; then ten decode steps of 3 ms + 4 * 0.25 ms = 4 ms. They
    // stay together: 2 + 9 + 40 + 2 = 53 ms a turn, first tokens after 2 + 9 + 2, ten gaps of 4 ms.
    ServeSetup setup    = one_server();
    setup.front_end     = 4 * kMs;
    UnitSpec& unit      = setup.first.unit;
    unit.max_running    = 8;
    unit.steps          = LinearSteps{3e6, 250'000, 0, 5e6, 10'000, 0}.table();
    Asks asks           = prompts_of(LengthLaw::fixed(100), 400);
    asks.lengths.answer = LengthLaw::fixed(11);
    LoopSource source({.clients = 4, .requests_per_client = 100}, asks);
    const ServeResult r = simulate(setup, source);
    CHECK(r.simulated == 100 * 53 * kMs);
    CHECK(r.finished == 400);
    CHECK(r.ttft.least() == 13 * kMs);
    CHECK(r.ttft.greatest() == 13 * kMs);
    CHECK(r.tpot.least() == 4 * kMs);
    CHECK(r.tpot.greatest() == 4 * kMs);
    CHECK(r.between_tokens.count() == 4'000);
    CHECK(r.first.steps == 100 * 11);
}

TEST_CASE("serve: what arrives is finished or never fits, and every token of it is counted",
          "[serve][theory]") {
    // log_normal prompts above 6000 tokens do not fit into this cache together with their answers.
    ServeSetup setup              = busy_unit();
    setup.first.unit.cache_tokens = 6'000;
    std::uint64_t asked = 0, never = 0;
    double input = 0, output = 0;
    const auto counted = traffic(20);
    for (Request request; counted->next(request); ++asked) {
        const bool fits = request.prompt + request.answer <= 6'000;
        never += !fits;
        input += fits ? request.prompt : 0, output += fits ? request.answer : 0;
    }
    const ServeResult r = run(setup, 20);
    CHECK(never > 0);
    CHECK(r.arrived == asked);
    CHECK(r.rejected == never);
    CHECK(r.finished == asked - never);
    CHECK(r.input_tokens == input);
    CHECK(r.output_tokens == output);
}

TEST_CASE("serve: nobody is lost when units fail, and everybody is answered", "[serve][theory]") {
    for (ServeSetup setup : {busy_unit(), split()}) {
        setup.first.count   = 3;
        setup.first.spare   = 1;
        setup.failures      = {20 * kSecond, 5 * kSecond};
        const ServeResult r = run(setup, 60);
        CHECK(r.first.failures > 10);
        CHECK(r.first.retried + r.second.retried > 100);
        CHECK(r.finished == 20'000);
        CHECK(r.ttft.count() == 20'000);
        CHECK_FALSE(r.partial);
    }
}

TEST_CASE("serve: units fail as often as they should", "[serve][theory]") {
    // Four units, up 20 s and down 5 s in the mean: 4 * T / 25 s failures, a renewal process whose variance
    // is less than that of a Poisson one: four standard errors are 4 / sqrt(n).
    ServeSetup setup    = busy_unit();
    setup.first.count   = 4;
    setup.failures      = {20 * kSecond, 5 * kSecond};
    const ServeResult r = run(setup, 10);
    const double n      = 4 * double(r.simulated) / double(25 * kSecond);
    CHECK(std::abs(double(r.first.failures) - n) < 4 * std::sqrt(n));
}

namespace {

/// Chance of each number of steps that `tokens` can take, step by step.
std::map<std::int64_t, double> steps_of(const std::vector<double>& accepted, int tokens) {
    std::map<std::int64_t, double> out;
    std::vector<double> left(static_cast<std::size_t>(tokens) + 1);  // chance that so many are left
    left.back() = 1;
    for (std::int64_t step = 1; step <= tokens; ++step) {
        std::vector<double> next(left.size());
        for (std::size_t n = 1; n < left.size(); ++n)
            for (std::size_t got = 1; got <= accepted.size(); ++got)
                (got >= n ? out[step] : next[n - got]) += left[n] * accepted[got - 1];
        left = next;
    }
    return out;
}

}  // namespace

TEST_CASE("serve: steps drawn in blocks follow the law of steps drawn one by one", "[serve][theory]") {
    // Pearson's chi-square over cells that expect at least 10 of 200,000 draws: its mean is the number of
    // cells less one, its variance twice that; five standard deviations.
    constexpr int kDraws = 200'000;
    const std::vector<std::vector<double>> laws{{0.15, 0.85}, {0.2, 0.3, 0.5}, {0.5, 0, 0.1, 0.4}};
    for (const auto& accepted : laws) {
        const engine::StepsLaw law(accepted);
        for (const int tokens : {1, 2, 7, 40, 333}) {
            std::map<std::int64_t, double> drawn;
            for (int i = 0; i < kDraws; ++i) {
                Draws draws(3, 9, static_cast<std::uint64_t>(i));
                ++drawn[law.draw(tokens, draws)];
            }
            double chi2 = 0, cells = -1;
            for (const auto& [steps, chance] : steps_of(accepted, tokens)) {
                if (chance * kDraws < 10) continue;
                chi2 += std::pow(drawn[steps] - chance * kDraws, 2) / (chance * kDraws);
                ++cells;
            }
            CHECK(chi2 <= cells + 5 * std::sqrt(2 * cells));
        }
    }
}

TEST_CASE("serve: a long answer takes as many steps as renewal theory says", "[serve][theory]") {
    // The least N with a sum of at least n: E[N] = n / mu + (sigma^2 + mu^2 - mu) / (2 mu^2) for tokens in
    // whole numbers with no common divisor (Feller II, XI.3, in its form for integers). 0.15 / 0.85: mu
    // = 1.85, sigma^2 = 0.1275, so 10,000 tokens take 5405.405 + 0.2484 = 5405.654 steps. The deviation of N
    // is sqrt(n sigma^2 / mu^3) = 14.2 steps: over 100,000 draws the mean is known to 0.045; four of these.
    const engine::StepsLaw law({0.15, 0.85});
    double sum = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        Draws draws(5, 9, i);
        sum += double(law.draw(10'000, draws));
    }
    CHECK(sum / 100'000 == Approx(5405.654).margin(0.18));
}
