/// The slow simulation: what there is, and time that passes.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "sim/serve/engine/draws.h"
#include "sim/serve/engine/steps_law.h"
#include "sim/serve/prefix_cache.h"
#include "tests/sim/serve/reference.h"

namespace isobath::slow {

using Kind                    = ServeEvent::Kind;
constexpr std::int64_t kOne   = 1 << 20;  // a token in the fixed point of evenly growing answers
constexpr Ticks kNever        = kNoTicks;
constexpr std::int64_t kDayNs = 86'400'000'000'000;

struct Job {
    Request ask;
    std::vector<std::uint64_t> blocks;
    Ticks reached = 0, first = -1, last = 0, crosses = kNever;
    std::int64_t generated = 0, computed = 0, cached = 0, rank = 0;
    std::int64_t left = 0, steps = 0, done = 0;  // while it decodes: tokens, steps for them, steps so far
    std::uint64_t starts = 0;
    bool admitted = false, has_cache = false, swapped = false;

    std::int64_t tokens() const { return ask.prompt + generated; }
    std::int64_t growth() const { return left * kOne / steps; }
    std::int64_t cache() const { return tokens() * kOne + (done > 0 ? growth() * done : 0); }
};
using Jobs = std::vector<Job*>;

inline void take_out(Jobs& list, Job* job) {
    list.erase(std::find(list.begin(), list.end(), job));
}

struct SlowUnit {
    enum class State { idle, steps, pauses } state = State::idle;
    Jobs inbox;
    std::vector<Jobs> queue, prompts, running;  // by rank
    Jobs completing;
    std::vector<PrefixCache> prefixes;
    std::vector<std::int64_t> moved, loaded;  // tokens since the last step, by rank
    bool decodes = false, prefills = false, left_over = false, failed = false;
    int since_look = 0, waited = 0, turn = 0;
    Ticks due = kNever, last_decode = 0, rebalanced = 0;

    std::size_t requests() const {
        std::size_t n = inbox.size() + completing.size();
        for (const auto* lists : {&queue, &prompts, &running})
            for (const Jobs& list : *lists) n += list.size();
        return n;
    }
    std::size_t load(std::size_t rank) const {
        return queue[rank].size() + prompts[rank].size() + running[rank].size();
    }
    std::size_t decoding() const {
        std::size_t n = 0;
        for (const Jobs& list : running) n += list.size();
        return n;
    }
};

/// All fleets, and what is written down.
struct SlowBooks {
    const ServeSetup& setup;
    RequestSource& source;
    SlowResult result;
    std::vector<std::unique_ptr<Job>> jobs;
    Jobs crossing;
    Ticks now = 0;

    struct Fleet {
        const FleetSpec* spec = nullptr;
        int index             = 0;
        engine::StepsLaw law{{1}};
        std::vector<SlowUnit> units;
        std::vector<FleetSpec::Change> changes;  // of many days
        std::size_t change = 0;
        std::vector<Ticks> turns;
        std::vector<Draws> draws;
        int count = 0, next_unit = 0;
        Jobs held;
        SlowFleet* books = nullptr;
    };
    std::vector<Fleet> fleets;

    SlowBooks(const ServeSetup& s, RequestSource& r) : setup(s), source(r) {
        const bool split = s.first.unit.role == UnitRole::prefill;
        for (int i = 0; i < 1 + split; ++i) make_fleet(i);
    }

    void make_fleet(int index) {
        Fleet fleet;
        fleet.spec  = index == 0 ? &setup.first : &setup.second;
        fleet.books = index == 0 ? &result.first : &result.second;
        fleet.index = index;
        fleet.law   = engine::StepsLaw(fleet.spec->unit.accepted);
        fleet.count = fleet.spec->count;
        int most    = fleet.count;
        for (const auto& change : fleet.spec->schedule) most = std::max(most, change.count);
        for (int day = 0; day < (fleet.spec->repeats_daily ? 10 : 1); ++day)
            for (const auto& change : fleet.spec->schedule)
                fleet.changes.push_back({day * kDayNs + change.at, change.count});
        if (fleet.spec->repeats_daily && !fleet.changes.empty()) fleet.count = fleet.changes.back().count;
        for (int u = 0; u < most + fleet.spec->spare; ++u) fleet.units.push_back(make_unit(*fleet.spec));
        for (std::size_t u = 0; u < fleet.units.size() && setup.failures.mean_between > 0; ++u) {
            fleet.draws.emplace_back(setup.seed, engine::kFailures,
                                     (static_cast<std::uint64_t>(index) << 32) + u);
            fleet.turns.push_back(lifetime(fleet, u));
        }
        fleet.books->rank_tokens.resize(static_cast<std::size_t>(fleet.spec->unit.ranks));
        fleets.push_back(std::move(fleet));
    }

    SlowUnit make_unit(const FleetSpec& spec) {
        SlowUnit unit;
        const auto ranks = static_cast<std::size_t>(spec.unit.ranks);
        unit.queue.resize(ranks), unit.prompts.resize(ranks), unit.running.resize(ranks);
        unit.moved.resize(ranks), unit.loaded.resize(ranks);
        unit.since_look          = spec.unit.receive_interval;
        const PrefixCacheSpec& p = spec.unit.prefix;
        const double memory      = p.tokens < 0 ? static_cast<double>(spec.unit.cache_tokens) : p.tokens;
        const auto disk          = static_cast<std::int64_t>(p.disk_tokens) / p.block_tokens;
        std::shared_ptr<BlockLru> shared;
        if (p.disk_tokens > 0) shared = std::make_shared<BlockLru>(disk);
        for (std::size_t r = 0; r < ranks && p.on; ++r)
            unit.prefixes.emplace_back(static_cast<std::int64_t>(memory) / p.block_tokens, shared);
        return unit;
    }

    Ticks lifetime(Fleet& fleet, std::size_t u) {
        const double mean = static_cast<double>(setup.failures.mean_between);
        return static_cast<Ticks>(fleet.draws[u].exponential() * mean / fleet.spec->unit.gpus) + 1;
    }

    Ticks before() const { return setup.front_end / 2; }
    Ticks after() const { return setup.front_end - setup.front_end / 2; }

    void tell(Kind kind, const Job& job, int fleet, int unit, std::int64_t tokens, Ticks until) {
        result.events.push_back(
            {kind, now, until, job.ask.id, fleet, unit, static_cast<std::int32_t>(job.rank), tokens});
    }

    static std::int64_t held_on(const SlowUnit& unit, std::size_t rank) {
        std::int64_t held = 0;
        for (const Job* job : unit.running[rank]) held += job->cache();
        for (const Job* job : unit.prompts[rank]) held += job->cache();
        return held;
    }

    int paid_units(const Fleet& fleet) const {
        int paid = fleet.count + fleet.spec->spare;
        for (std::size_t u = static_cast<std::size_t>(paid); u < fleet.units.size(); ++u)
            paid += fleet.units[u].requests() > 0;
        return paid;
    }

    void pass_to(Ticks time) {
        for (Fleet& fleet : fleets) {
            const __int128 passed = time - now;
            std::int64_t running = 0, waiting = static_cast<std::int64_t>(fleet.held.size()), busy = 0,
                         cache = 0;
            for (const SlowUnit& unit : fleet.units) {
                busy += unit.state == SlowUnit::State::steps;
                waiting += static_cast<std::int64_t>(unit.inbox.size());
                for (std::size_t r = 0; r < unit.queue.size(); ++r) {
                    waiting += static_cast<std::int64_t>(unit.queue[r].size());
                    cache += held_on(unit, r);
                }
                for (const Job* job : unit.completing) cache += job->cache();
                running += static_cast<std::int64_t>(unit.requests() - unit.inbox.size());
                for (const Jobs& queue : unit.queue) running -= static_cast<std::int64_t>(queue.size());
            }
            fleet.books->running += passed * running, fleet.books->waiting += passed * waiting;
            fleet.books->busy += passed * busy, fleet.books->cache += passed * cache;
            fleet.books->paid += passed * paid_units(fleet);
        }
        now = time;
    }

    std::int64_t waiting_in(const Fleet& fleet) const {
        std::size_t waiting = fleet.held.size();
        for (const SlowUnit& unit : fleet.units) {
            waiting += unit.inbox.size();
            for (const Jobs& queue : unit.queue) waiting += queue.size();
        }
        return static_cast<std::int64_t>(waiting);
    }
};

}  // namespace isobath::slow
