/// Drawing requests, reading traces, finding prefixes, counting times: the price of one.
///
/// The goal for drawn requests: the 1.4e8 of a day in 10 s of one core, 0.07 us each; gamma times take half
/// as long again. Traces: a million lines of CSV a second, 200,000 of JSON with 24 ids. A block of a prefix
/// cache, found, put in, another moved to disk and one dropped there: 0.2 us, and 0.5 us where a million
/// blocks are far from the processor's caches. A time counted: 5 ns.
#include <sstream>

#include "sim/serve/prefix_cache.h"
#include "sim/serve/quantiles.h"
#include "sim/serve/sources/loop_source.h"
#include "sim/serve/sources/open_sources.h"
#include "sim/serve/sources/session_source.h"
#include "sim/serve/sources/trace_source.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;

constexpr double kDrawnUs = 0.07, kTimeUs = 0.005;

Asks day() {
    static const LengthLaws lengths{LengthLaw::log_normal(4000, 1.5), LengthLaw::log_normal(1200, 1), {}};
    return {.lengths = lengths, .cached = {0.563, 0.5}};
}

void drawn(benchmark::State& state, RequestSource& source, double goal_us = kDrawnUs) {
    Request request;
    for (int i = 0; i < 1000; ++i) source.next(request);
    const Goal goal(state, goal_us);
    for (auto _ : state) benchmark::DoNotOptimize(source.next(request));
}

void source_poisson(benchmark::State& state) {
    drawn(state, *poisson_source(1600, day()));
}
void source_gamma_cv3(benchmark::State& state) {
    drawn(state, *gamma_source(1600, 3, day()), 1.5 * kDrawnUs);
}
void source_gamma_even(benchmark::State& state) {
    drawn(state, *gamma_source(1600, 0.5, day()), 1.5 * kDrawnUs);
}
void source_day(benchmark::State& state) {
    drawn(state,
          *profile_source(RateProfile({{0, 1000}, {20'000, 500}, {40'000, 2500}, {70'000, 2000}}), day()));
}
void source_pairs(benchmark::State& state) {
    Asks asks          = day();
    asks.lengths.pairs = std::vector<Lengths>(20'000, {1000, 100});
    drawn(state, *poisson_source(1600, asks));
}
BENCHMARK(source_poisson);
BENCHMARK(source_gamma_cv3);
BENCHMARK(source_gamma_even);
BENCHMARK(source_day);
BENCHMARK(source_pairs);

void source_loop(benchmark::State& state) {
    LoopSource source({.clients = 4096, .requests_per_client = 1e9}, day());
    Request request;
    Ticks now       = 0;
    const auto turn = [&] {
        source.next(request);
        source.answered(now += 1000);
    };
    for (int i = 0; i < 10'000; ++i) turn();
    const Goal goal(state, 2 * kDrawnUs);  // a heap of 4096 clients
    for (auto _ : state) turn();
}
BENCHMARK(source_loop);

/// Prompts of 3 turns, 24 named blocks of 64 tokens each on average.
void source_sessions(benchmark::State& state) {
    SessionSource source({.per_second = 500, .turns = LengthLaw::fixed(3), .block_tokens = 64},
                         {.lengths = {LengthLaw::fixed(1000), LengthLaw::fixed(100), {}}});
    Request request;
    for (int i = 0; i < 100'000; ++i) source.next(request);
    const Goal goal(state, 0.5);
    for (auto _ : state) benchmark::DoNotOptimize(source.next(request));
}
BENCHMARK(source_sessions);

void lines(benchmark::State& state, double goal_us, const std::string& heading, const std::string& line) {
    std::string text = heading;
    for (int i = 0; i < 10'000; ++i) text += line + "\n";
    TraceSource source(std::make_unique<std::istringstream>(text), "bench", {.repeat = ~0ULL >> 1});
    Request request;
    for (int i = 0; i < 20'000; ++i) source.next(request);
    const Goal goal(state, goal_us);
    for (auto _ : state) benchmark::DoNotOptimize(source.next(request));
}

void trace_azure(benchmark::State& state) {
    lines(state, 1, "TIMESTAMP,ContextTokens,GeneratedTokens\n", "2023-11-16 18:17:03.9799600,4808,10");
}
void trace_own(benchmark::State& state) {
    lines(state, 1, "arrival_s,prompt,answer,cached\n", "1.25,4808,10,4000");
}
/// 24 blocks, as many as a line of the conversations has on average.
void trace_mooncake(benchmark::State& state) {
    std::string ids = "0";
    for (int i = 1; i < 24; ++i) ids += ", " + std::to_string(100'000 + i);
    lines(state, 5, "",
          R"({"timestamp": 27, "input_length": 12035, "output_length": 343, "hash_ids": [)" + ids + "]}");
}
BENCHMARK(trace_azure);
BENCHMARK(trace_own);
BENCHMARK(trace_mooncake);

/// Prompts of 32 blocks, 16 of them among a hundred thousand beginnings, in front of a million and more
/// blocks.
void prefix_block(benchmark::State& state) {
    constexpr std::int64_t kBlocks = 32;
    PrefixCache cache(state.range(0), std::make_shared<BlockLru>(2 * state.range(0)));
    std::vector<std::uint64_t> blocks(kBlocks);
    std::uint64_t n   = 0;
    const auto prompt = [&] {
        const std::uint64_t beginning = mix64(++n) % 100'000;
        for (std::uint64_t i = 0; i < kBlocks; ++i)
            blocks[i] = mix64(64 * (i < 16 ? beginning : n + 200'000) + i);
        benchmark::DoNotOptimize(cache.lookup(blocks));
        cache.insert(blocks);
    };
    for (std::int64_t i = 0; i < state.range(0) / 4; ++i) prompt();
    const Goal goal(state, (state.range(0) > 100'000 ? 0.5 : 0.2) * kBlocks);
    for (auto _ : state) prompt();
}
BENCHMARK(prefix_block)->Arg(20'000)->Arg(1'000'000);

void quantiles_add(benchmark::State& state) {
    Quantiles times;
    Ticks time = 1'000'000;
    for (int i = 0; i < 100'000; ++i)
        times.add(static_cast<Ticks>(mix64(static_cast<std::uint64_t>(i)) >> 30));
    const Goal goal(state, kTimeUs);
    for (auto _ : state) times.add(time = (time * 5 + 977) & 0x3ffffffff);
}
BENCHMARK(quantiles_add);

}  // namespace
