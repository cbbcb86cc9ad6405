/// The fast simulation against the slow one, decision by decision, on deployments made up by chance.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "tests/catch.h"
#include "tests/sim/serve/random_setup.h"
#include "tests/sim/serve/reference.h"

namespace {

using namespace isobath;

constexpr std::uint64_t kSetups = 1'000;

auto order(const ServeEvent& e) {
    return std::tuple(e.until, e.at, e.fleet, e.unit, int(e.kind), e.request, e.rank, e.tokens);
}

void sort(std::vector<ServeEvent>& events) {
    std::sort(events.begin(), events.end(),
              [](const ServeEvent& a, const ServeEvent& b) { return order(a) < order(b); });
}

std::string text(const std::vector<ServeEvent>& events, std::size_t i) {
    static const char* const names[] = {"arrived",     "admitted", "prefilled", "first_token", "preempted",
                                        "handed_over", "finished", "failed",    "step"};
    if (i >= events.size()) return "nothing";
    const ServeEvent& e = events[i];
    return fmt::format("{} of {} at {} until {} in fleet {} unit {} rank {}: {} tokens",
                       names[static_cast<std::size_t>(e.kind)], e.request, e.at, e.until, e.fleet, e.unit,
                       e.rank, e.tokens);
}

/// The first difference in what happened; empty if there is none.
std::string difference(std::vector<ServeEvent> fast, std::vector<ServeEvent> slow) {
    sort(fast), sort(slow);
    for (std::size_t i = 0; i < std::max(fast.size(), slow.size()); ++i)
        if (i >= fast.size() || i >= slow.size() || order(fast[i]) != order(slow[i]))
            return fmt::format("event {}: fast {}; slow {}", i, text(fast, i), text(slow, i));
    return "";
}

std::string difference(const char* what, const Quantiles& fast, const std::vector<Ticks>& slow) {
    Quantiles all;
    for (const Ticks time : slow) all.add(time);
    if (fast == all) return "";
    return fmt::format("{}: fast {} of mean {}, slow {} of mean {}", what, fast.count(), fast.mean(),
                       all.count(), all.mean());
}

std::string difference(const char* what, double fast, double slow) {
    if (std::abs(fast - slow) <= 1e-12 * std::abs(slow)) return "";
    return fmt::format("{}: fast {}, slow {}", what, fast, slow);
}

double ratio(__int128 part, __int128 all) {
    return all == 0 ? 0 : double(part) / double(all);
}

std::string difference(const FleetTotals& fast, const SlowFleet& slow, const UnitSpec& unit, Ticks end) {
    const __int128 room = slow.paid * unit.ranks * unit.cache_tokens * (1 << 20);
    std::string all     = difference("unit_seconds", fast.unit_seconds, double(slow.paid) / 1e9) +
                      difference("busy", fast.busy_s, double(slow.busy) / 1e9) +
                      difference("running", fast.running_mean, ratio(slow.running, end)) +
                      difference("waiting", fast.waiting_mean, ratio(slow.waiting, end)) +
                      difference("most waiting", double(fast.waiting_max), double(slow.waiting_max)) +
                      difference("cache", fast.cache_mean, ratio(slow.cache, room)) +
                      difference("steps", double(fast.steps), double(slow.steps)) +
                      difference("preemptions", double(fast.preemptions), double(slow.preemptions)) +
                      difference("failures", double(fast.failures), double(slow.failures)) +
                      difference("retried", double(fast.retried), double(slow.retried));
    for (std::size_t r = 0; r < slow.rank_tokens.size(); ++r)
        all += difference("rank tokens", fast.rank_tokens.at(r), double(slow.rank_tokens[r]));
    return all;
}

std::string difference(const ServeSetup& setup, const ServeResult& fast, const SlowResult& slow) {
    const bool split = setup.first.unit.role == UnitRole::prefill;
    return difference("ttft", fast.ttft, slow.ttft) + difference("tpot", fast.tpot, slow.tpot) +
           difference("e2e", fast.e2e, slow.e2e) + difference("queue", fast.queue, slow.queue) +
           difference("gaps", fast.between_tokens, slow.gaps) +
           difference("end", double(fast.simulated), double(slow.end)) +
           difference(fast.first, slow.first, setup.first.unit, slow.end) +
           (split ? difference(fast.second, slow.second, setup.second.unit, slow.end) : "");
}

/// Arrived is what finished and what never fits; what the samples count is what the totals count.
std::string imbalance(const ServeResult& result) {
    std::uint64_t arrived = 0, finished = 0;
    for (const ServeSample& sample : result.series) arrived += sample.arrived, finished += sample.finished;
    if (result.partial || result.arrived != result.finished + result.rejected) return "requests were lost";
    return arrived == result.arrived && finished == result.finished ? "" : "the series miss requests";
}

/// What differs for this seed.
std::string difference(std::uint64_t seed) {
    const RandomSetup made(seed);
    std::vector<ServeEvent> events;
    const auto fast_source = made.source(), slow_source = made.source();
    const ServeHooks hooks{[&](const ServeEvent& event) { events.push_back(event); }, {}};
    const ServeResult fast = simulate(made.setup, *fast_source, hooks);
    const SlowResult slow  = serve_slowly(made.setup, *slow_source);
    const std::string what = difference(std::move(events), slow.events);
    return what.empty() ? difference(made.setup, fast, slow) + imbalance(fast) : what;
}

TEST_CASE(
    "serve: a thousand small deployments do what a simulation without shortcuts does, to the nanosecond",
    "[serve][property]") {
    const char* one = std::getenv("ISOBATH_SEED");
    for (std::uint64_t seed = one ? std::stoull(one) : 1; seed <= (one ? seed : kSetups); ++seed) {
        const std::string what = difference(seed);
        INFO("seed " << seed << ": " << what);
        REQUIRE(what.empty());
        if (one) break;
    }
}

}  // namespace
