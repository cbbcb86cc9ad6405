/// Requests served in a second of our time. A day of DeepSeek's service is 1.4e8 requests, and a planner
/// wants many days.
#include "sim/serve/engine/fleet.h"
#include "sim/serve/sources/open_sources.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

/// Linear in both numbers, as real tables nearly are.
std::shared_ptr<const StepTable> steps(double each, double request, double token) {
    const auto f = [=](double n, double c) { return each + request * n + token * c; };
    return std::make_shared<StepTable>(GridTable({512, 3}, {1'000'000, 3, 1024}, f),
                                       GridTable({16'384, 3}, {65'536, 3, 64}, f));
}

Asks asks(std::uint64_t requests) {
    Asks asks;
    asks.requests       = requests;
    asks.lengths.prompt = LengthLaw::log_normal(2'000, 1, 32'000);
    asks.lengths.answer = LengthLaw::log_normal(800, 1, 16'000);
    return asks;
}

UnitSpec unit(UnitRole role, int ranks) {
    UnitSpec unit;
    unit.role         = role;
    unit.ranks        = ranks;
    unit.cache_tokens = 500'000;
    unit.chunk        = 16'384;
    unit.accepted     = {0.15, 0.85};
    unit.steps        = role == UnitRole::decode ? steps(20e6, 100e3, 20) : steps(10e6, 20e3, 100);
    return unit;
}

void report(benchmark::State& state, std::uint64_t requests) {
    state.counters["requests/s"] =
        benchmark::Counter(double(requests), benchmark::Counter::kIsIterationInvariantRate);
}

/// Lengths drawn beforehand, so that drawing them is not timed.
std::vector<Lengths> drawn_lengths() {
    const LengthLaws laws = asks(0).lengths;
    std::vector<Lengths> lengths(1 << 16);
    Draws draws(1, 1, 1);
    for (Lengths& each : lengths) each = laws.draw(draws);
    return lengths;
}

/// A prompt that is done: its first token is there.
engine::Served handed_over(std::uint64_t id, const Lengths& lengths, Ticks now) {
    engine::Served served;
    served.id = id, served.prompt = lengths.prompt, served.answer = lengths.answer + 1;
    served.generated = 1, served.cache = engine::Served::Cache::here, served.admitted = true;
    served.arrival = served.first_token = served.last_token = now;
    return served;
}

/// EP144: a decode unit as in DeepSeek's deployment, one request every millisecond.
/// Goal: 2,000,000 requests/s.
void decode_unit(benchmark::State& state) {
    constexpr std::uint64_t kRequests = 10'000'000;
    ServeSetup setup;
    setup.second.unit = unit(UnitRole::decode, 144);
    const ServeHooks hooks;
    const std::vector<Lengths> lengths = drawn_lengths();
    const Goal goal(state, double(kRequests) / 2'000'000 * 1e6);
    for (auto _ : state) {
        engine::Fleet fleet(setup.second, setup, hooks, 1);
        const auto until = [&](Ticks time) {
            while (!fleet.empty() && fleet.due() <= time) fleet.act(fleet.due());
        };
        for (std::uint64_t id = 0; id < kRequests; ++id) {
            const Ticks now = static_cast<Ticks>(id) * 1'000'000;
            until(now);
            fleet.enter(fleet.add(handed_over(id, lengths[id % lengths.size()], now), {}), now);
        }
        until(kNoTicks - 1);
        benchmark::DoNotOptimize(fleet.ledger().finishes);
        state.counters["steps"] = double(fleet.ledger().steps);
    }
    report(state, kRequests);
}
BENCHMARK(decode_unit)
    ->Name("serve/decode unit EP144, 10 M requests")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

/// A whole run; `per_second` keeps the units busy and the queue short.
void serve(benchmark::State& state, const ServeSetup& setup, double per_second, std::uint64_t requests,
           int threads, double goal_per_second) {
    const Goal goal(state, double(requests) / goal_per_second * 1e6);
    for (auto _ : state) {
        const auto source         = poisson_source(per_second, asks(requests));
        const ServeResult r       = simulate(setup, *source, {}, threads);
        state.counters["running"] = r.second.running_mean + r.first.running_mean;
        state.counters["waiting"] = r.second.waiting_mean + r.first.waiting_mean;
    }
    report(state, requests);
}

ServeSetup single_node() {
    ServeSetup setup;
    setup.first.unit = unit(UnitRole::aggregated, 8);
    return setup;
}

/// Prefill units of EP32 and one decode unit of EP144 (the units of DeepSeek's open infrastructure index, day
/// 6), so many of the former that this made up table keeps up.
ServeSetup split() {
    ServeSetup setup;
    setup.first.unit   = unit(UnitRole::prefill, 32);
    setup.second.unit  = unit(UnitRole::decode, 144);
    setup.first.count  = 24;
    setup.hand_over    = 20'000'000;
    setup.hand_over_ns = 1'000;
    return setup;
}

// A single node, prompts and answers together. Goal: 300,000 requests/s.
BENCHMARK_CAPTURE(serve, single node of 8 ranks, single_node(), 12, 1'000'000, 1, 300'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
// A day of 1.4e8 requests in 100 s on two cores: 1,400,000 requests/s.
BENCHMARK_CAPTURE(serve, split deployment on one thread, split(), 1'000, 4'000'000, 1, 700'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(serve, split deployment on two threads, split(), 1'000, 4'000'000, 2, 1'400'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);

}  // namespace
