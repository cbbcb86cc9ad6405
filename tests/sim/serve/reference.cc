#include "tests/sim/serve/reference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "sim/serve/engine/draws.h"
#include "sim/serve/engine/steps_law.h"
#include "sim/serve/prefix_cache.h"

namespace isobath {
namespace {

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

void take_out(Jobs& list, Job* job) {
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

struct Slow {
    const ServeSetup& setup;
    RequestSource& source;
    SlowResult result;
    std::vector<std::unique_ptr<Job>> jobs;
    Jobs crossing;
    std::optional<Request> next;
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

    Slow(const ServeSetup& s, RequestSource& r) : setup(s), source(r) {
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

    // ---- time passes

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

    // ---- who takes requests

    std::vector<int> taking(const Fleet& fleet) const {
        std::vector<int> units;
        for (int u = 0; u < fleet.count + fleet.spec->spare; ++u)
            if (!fleet.units[static_cast<std::size_t>(u)].failed &&
                static_cast<int>(units.size()) < fleet.count)
                units.push_back(u);
        return units;
    }

    std::int64_t load_of(const Fleet& fleet, int u) const {
        const SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        if (fleet.spec->unit.role != UnitRole::prefill) return static_cast<std::int64_t>(unit.requests());
        std::int64_t work = 0;
        const auto count  = [&](const Jobs& list) {
            for (const Job* job : list)
                work += job->ask.prompt - std::min(job->ask.cached, job->ask.prompt - 1);
        };
        count(unit.inbox), count(unit.completing);
        for (std::size_t r = 0; r < unit.queue.size(); ++r) count(unit.queue[r]), count(unit.prompts[r]);
        return work;
    }

    static std::int64_t held_blocks(const PrefixCache& prefix, const Job& job) {
        const auto hit = prefix.peek(job.blocks);
        return hit.memory + hit.disk;
    }

    int unit_with_prefix(const Fleet& fleet, const Job& job, const std::vector<int>& units) const {
        if (job.blocks.empty() || !fleet.spec->unit.prefix.on) return -1;
        int best          = -1;
        std::int64_t most = 0;
        std::size_t least = ~std::size_t{0};
        for (const int u : units) {
            const SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
            std::int64_t held    = 0;
            for (const PrefixCache& prefix : unit.prefixes) held = std::max(held, held_blocks(prefix, job));
            const bool better =
                held > most || (held == most && held > 0 &&
                                unit.requests() < fleet.units[static_cast<std::size_t>(best)].requests());
            if (better) best = u, most = held;
            least = std::min(least, unit.requests());
        }
        if (best < 0) return -1;
        const auto margin = static_cast<std::size_t>(setup.prefix_margin * fleet.spec->unit.ranks);
        return fleet.units[static_cast<std::size_t>(best)].requests() > least + margin ? -1 : best;
    }

    int pick_unit(Fleet& fleet, const Job& job, const std::vector<int>& units) {
        if (setup.router == RouterRule::round_robin) {
            int chosen = units[0];
            for (std::size_t i = units.size(); i-- > 0;)
                if (units[i] >= fleet.next_unit) chosen = units[i];
            fleet.next_unit = chosen + 1;
            return chosen;
        }
        if (setup.router == RouterRule::prefix_aware)
            if (const int u = unit_with_prefix(fleet, job, units); u >= 0) return u;
        int best = units[0];
        for (const int u : units)
            if (load_of(fleet, u) < load_of(fleet, best)) best = u;
        return best;
    }

    void route(Fleet& fleet, Job* job) {
        const std::vector<int> units = taking(fleet);
        if (units.empty()) {
            fleet.held.push_back(job);
        } else {
            SlowUnit& unit = fleet.units[static_cast<std::size_t>(pick_unit(fleet, *job, units))];
            unit.inbox.push_back(job);
            if (unit.state == SlowUnit::State::idle) unit.due = now;
        }
        fleet.books->waiting_max = std::max(fleet.books->waiting_max, waiting_in(fleet));
    }

    // ---- inside a unit

    static std::int64_t held_on(const SlowUnit& unit, std::size_t rank) {
        std::int64_t held = 0;
        for (const Job* job : unit.running[rank]) held += job->cache();
        for (const Job* job : unit.prompts[rank]) held += job->cache();
        return held;
    }

    std::size_t pick_rank(SlowUnit& unit, const Job& job) {
        const std::size_t ranks = unit.queue.size();
        if (setup.router == RouterRule::round_robin) return static_cast<std::size_t>(unit.turn++) % ranks;
        std::size_t least = 0;
        for (std::size_t r = 0; r < ranks; ++r)
            if (unit.load(r) < unit.load(least)) least = r;
        if (setup.router != RouterRule::prefix_aware || unit.prefixes.empty()) return least;
        std::int64_t most = 0;
        std::size_t best  = least;
        for (std::size_t r = 0; r < ranks; ++r) most = std::max(most, held_blocks(unit.prefixes[r], job));
        if (most == 0) return least;
        bool found = false;
        for (std::size_t r = 0; r < ranks; ++r) {
            if (held_blocks(unit.prefixes[r], job) < most) continue;
            if (!found || unit.load(r) < unit.load(best)) best = r;
            found = true;
        }
        return unit.load(best) > unit.load(least) + static_cast<std::size_t>(setup.prefix_margin) ? least
                                                                                                  : best;
    }

    static std::int64_t kept(double share, std::int64_t tokens) {
        return static_cast<std::int64_t>(std::ceil(share * static_cast<double>(tokens)));
    }

    bool fits(const UnitSpec& spec, const engine::StepsLaw& law, const SlowUnit& unit, std::size_t rank,
              const Job& job) const {
        const bool answers         = spec.role != UnitRole::prefill;
        const std::size_t admitted = unit.running[rank].size() + unit.prompts[rank].size();
        if (static_cast<int>(admitted) + 1 > spec.max_running) return false;
        // Everybody keeps his share, and all together no less than a next step may take.
        std::int64_t later = 0, next_step = 0;
        for (const auto* lists : {&unit.running, &unit.prompts})
            for (const Job* other : (*lists)[rank])
                later += (other->ask.prompt + (answers ? other->ask.answer : 0)) * kOne - other->cache();
        for (const Job* other : unit.running[rank]) next_step += other->growth();
        const auto soon = [&](const Job& one) {
            return answers ? std::min<std::int64_t>(one.ask.answer - one.generated, law.most() + 1) : 0;
        };
        for (const Job* other : unit.prompts[rank]) next_step += soon(*other) * kOne;
        const std::int64_t own = answers ? job.ask.answer - job.generated : 0;
        return held_on(unit, rank) + std::max(kept(spec.answer_reserved, later), next_step) +
                   (job.tokens() + std::max(kept(spec.answer_reserved, own), soon(job))) * kOne <=
               spec.cache_tokens * kOne;
    }

    void start_decoding(Fleet& fleet, SlowUnit& unit, Job* job) {
        Draws draws(setup.seed, engine::kDecode + job->starts++, job->ask.id);
        job->left  = job->ask.answer - job->generated;
        job->steps = fleet.law.draw(job->left, draws);
        job->done  = 0;
        unit.running[static_cast<std::size_t>(job->rank)].push_back(job);
    }

    void resize_prefix(const UnitSpec& spec, SlowUnit& unit, std::size_t rank, std::int64_t more) {
        if (spec.prefix.tokens >= 0) return;
        const std::int64_t room = (spec.cache_tokens * kOne - held_on(unit, rank) - more) / kOne;
        unit.prefixes[rank].set_capacity(std::max<std::int64_t>(0, room) / spec.prefix.block_tokens);
    }

    void start_prompt(const UnitSpec& spec, SlowUnit& unit, std::size_t rank, Job* job) {
        unit.prompts[rank].push_back(job);
        const std::int64_t most = job->tokens() - 1;
        job->computed           = std::min<std::int64_t>(job->ask.cached, most);
        if (!unit.prefixes.empty()) {
            resize_prefix(spec, unit, rank, 0);
            const auto hit           = unit.prefixes[rank].lookup(job->blocks);
            const std::int64_t found = std::min((hit.memory + hit.disk) * spec.prefix.block_tokens, most);
            const std::int64_t quick = std::max(job->computed, hit.memory * spec.prefix.block_tokens);
            if (found > quick) unit.loaded[rank] += found - quick;
            job->computed = std::max(job->computed, found);
        }
        if (job->generated == 0) job->cached = job->computed;
    }

    void admit(Fleet& fleet, int u) {
        SlowUnit& unit       = fleet.units[static_cast<std::size_t>(u)];
        const UnitSpec& spec = fleet.spec->unit;
        for (std::size_t rank = 0; rank < unit.queue.size(); ++rank) {
            while (!unit.queue[rank].empty() && fits(spec, fleet.law, unit, rank, *unit.queue[rank][0])) {
                Job* job = unit.queue[rank][0];
                unit.queue[rank].erase(unit.queue[rank].begin());
                if (!job->admitted && job->ask.arrival >= setup.warm_up)
                    result.queue.push_back(now - job->reached);
                job->admitted = true;
                tell(Kind::admitted, *job, fleet.index, u, job->tokens(), now);
                if (job->swapped) unit.moved[rank] += job->tokens();
                if (job->has_cache)
                    start_decoding(fleet, unit, job);
                else
                    start_prompt(spec, unit, rank, job);
            }
        }
    }

    void preempt(Fleet& fleet, int u, std::size_t rank) {
        SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        Job* job       = unit.running[rank].back();
        unit.running[rank].pop_back();
        const std::int64_t made = job->growth() * job->done / kOne;
        if (job->done > 0) job->last = unit.last_decode;
        job->generated += made;
        fleet.books->rank_tokens[rank] += made;
        job->done    = 0;
        job->swapped = job->has_cache = fleet.spec->unit.preemption == Preemption::swap;
        if (job->swapped) unit.moved[rank] += job->tokens();
        unit.queue[rank].insert(unit.queue[rank].begin(), job);
        ++fleet.books->preemptions;
        fleet.books->waiting_max = std::max(fleet.books->waiting_max, waiting_in(fleet));
        tell(Kind::preempted, *job, fleet.index, u, job->generated, now);
    }

    void make_room(Fleet& fleet, int u) {
        SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        for (std::size_t rank = 0; rank < unit.running.size(); ++rank) {
            while (true) {
                std::int64_t next_step = held_on(unit, rank);
                for (const Job* job : unit.running[rank]) next_step += job->growth();
                if (next_step <= fleet.spec->unit.cache_tokens * kOne) break;
                preempt(fleet, u, rank);
            }
        }
    }

    /// New tokens of one rank in this step, and how long the rank takes.
    Ticks take_prompts(Fleet& fleet, SlowUnit& unit, std::size_t rank,
                       std::vector<std::pair<Job*, std::int64_t>>& taken) {
        const UnitSpec& spec = fleet.spec->unit;
        std::int64_t room = spec.chunk, tokens = 0, twice = 0;
        if (unit.decodes) room -= static_cast<std::int64_t>(unit.running[rank].size());
        while (room > 0 && !unit.prompts[rank].empty()) {
            Job* job                 = unit.prompts[rank][0];
            const std::int64_t piece = std::min(room, job->tokens() - job->computed);
            // Each of them attends to what precedes it and half of its own piece.
            twice += piece * (2 * job->computed + piece);
            tokens += piece, room -= piece, job->computed += piece;
            taken.emplace_back(job, piece);
            if (job->computed < job->tokens()) break;
            unit.prompts[rank].erase(unit.prompts[rank].begin());
            unit.completing.push_back(job);
        }
        fleet.books->rank_tokens[rank] += tokens;
        if (tokens == 0) return 0;
        const double context = static_cast<double>(twice) / (2 * static_cast<double>(tokens));
        const Ticks loading  = std::llround(spec.prefix.disk_ns * static_cast<double>(unit.loaded[rank]));
        unit.loaded[rank]    = 0;
        const auto n         = static_cast<double>(tokens);
        if (!unit.decodes) return spec.steps->prefill(n, context) + loading;
        return spec.steps->mixed(n, context, mean_running(unit), fullest(unit)) + loading;
    }

    static double mean_running(const SlowUnit& unit) {
        return static_cast<double>(unit.decoding()) / static_cast<double>(unit.running.size());
    }
    static double fullest(const SlowUnit& unit) {
        std::int64_t most = 0;
        for (const Jobs& running : unit.running) {
            std::int64_t cache = 0;
            for (const Job* job : running) cache += job->cache();
            most = std::max(most, cache);
        }
        return static_cast<double>(most) / kOne;
    }

    bool prefill_due(const UnitSpec& spec, const SlowUnit& unit) const {
        const auto has = [](const Jobs& list) { return !list.empty(); };
        if (std::none_of(unit.prompts.begin(), unit.prompts.end(), has)) return false;
        if (unit.decoding() == 0 || unit.left_over) return true;
        return std::all_of(unit.prompts.begin(), unit.prompts.end(), has) || unit.waited >= spec.balance_wait;
    }

    void begin_step(Fleet& fleet, int u) {
        SlowUnit& unit       = fleet.units[static_cast<std::size_t>(u)];
        const UnitSpec& spec = fleet.spec->unit;
        const bool together  = spec.policy == SchedulePolicy::decode_first;
        bool prefill         = together || prefill_due(spec, unit);
        unit.decodes         = unit.decoding() > 0 && (together || !prefill);
        if (unit.decodes) {
            make_room(fleet, u);
            if (unit.decoding() == 0) unit.decodes = false, prefill = true;
        }
        Ticks longest = 0;
        std::vector<std::pair<Job*, std::int64_t>> taken;
        for (std::size_t rank = 0; rank < unit.prompts.size() && prefill; ++rank)
            longest = std::max(longest, take_prompts(fleet, unit, rank, taken));
        unit.prefills = !taken.empty();
        if (prefill) {
            unit.left_over = false;
            for (const Jobs& prompts : unit.prompts) unit.left_over = unit.left_over || !prompts.empty();
        }
        if (!unit.decodes && !unit.prefills) {
            unit.state      = SlowUnit::State::idle;
            unit.since_look = spec.receive_interval;
            unit.due        = kNever;
            return;
        }
        if (!unit.prefills) longest = spec.steps->decode(mean_running(unit), fullest(unit));
        std::int64_t moved = 0;
        for (std::int64_t& tokens : unit.moved) moved = std::max(moved, tokens), tokens = 0;
        if (spec.preemption == Preemption::swap)
            longest += std::llround(spec.swap_ns * static_cast<double>(moved));
        if (unit.decodes) longest += std::llround(spec.speculation_ns * static_cast<double>(unit.decoding()));
        unit.state = SlowUnit::State::steps;
        unit.due   = now + longest;
        ++fleet.books->steps;
        for (const auto& [job, tokens] : taken) tell(Kind::prefilled, *job, fleet.index, u, tokens, unit.due);
        Job nobody;
        nobody.ask.id = 0;
        tell(Kind::step, nobody, fleet.index, u,
             unit.decodes ? static_cast<std::int64_t>(unit.decoding()) : 0, unit.due);
    }

    void finish(Fleet& fleet, int u, Job* job) {
        tell(Kind::finished, *job, fleet.index, u, job->ask.answer, now);
        result.end = std::max(result.end, now + after());
        if (job->ask.arrival >= setup.warm_up) {
            if (job->ask.answer > 1) result.tpot.push_back((now - job->first) / (job->ask.answer - 1));
            result.e2e.push_back(now + after() - job->ask.arrival);
        }
        source.answered(now + after());
    }

    void end_decode_step(Fleet& fleet, int u) {
        SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        for (std::size_t rank = 0; rank < unit.running.size(); ++rank) {
            const Jobs running = unit.running[rank];
            for (Job* job : running) {
                if (now >= setup.warm_up)
                    result.gaps.push_back(now - (job->done > 0 ? unit.last_decode : job->last));
                if (++job->done < job->steps) continue;
                fleet.books->rank_tokens[rank] += job->left;
                take_out(unit.running[rank], job);
                finish(fleet, u, job);
            }
        }
        unit.last_decode = now;
    }

    Ticks crossing_of(const Job& job) const {
        return setup.hand_over + std::llround(setup.hand_over_ns * job.ask.prompt);
    }

    void complete(Fleet& fleet, int u, Job* job) {
        SlowUnit& unit       = fleet.units[static_cast<std::size_t>(u)];
        const UnitSpec& spec = fleet.spec->unit;
        const auto rank      = static_cast<std::size_t>(job->rank);
        take_out(unit.completing, job);
        if (!unit.prefixes.empty()) {
            std::int64_t others = 0;  // those that complete after it in this step still hold their room
            for (const Job* other : unit.completing)
                if (other->rank == job->rank) others += other->cache();
            resize_prefix(spec, unit, rank, others);
            unit.prefixes[rank].insert(job->blocks);
        }
        if (job->generated == 0) {
            const bool crosses =
                setup.first_token_waits && spec.role == UnitRole::prefill && job->ask.answer > 1;
            const Ticks seen = now + (crosses ? crossing_of(*job) : 0);
            job->generated   = 1;
            job->last        = seen;
            ++fleet.books->rank_tokens[rank];
            if (job->first < 0) {
                job->first = seen;
                if (job->ask.arrival >= setup.warm_up)
                    result.ttft.push_back(seen + after() - job->ask.arrival);
            }
            tell(Kind::first_token, *job, fleet.index, u, 1, now);
        }
        if (job->ask.answer == 1) return finish(fleet, u, job);
        if (spec.role != UnitRole::prefill) {
            job->has_cache = true, job->swapped = false;
            return start_decoding(fleet, unit, job);
        }
        job->crosses   = now + crossing_of(*job);
        job->has_cache = true, job->swapped = false;
        tell(Kind::handed_over, *job, fleet.index, u, job->ask.prompt, job->crosses);
        crossing.push_back(job);
    }

    void end_step(Fleet& fleet, int u) {
        SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        if (unit.decodes) end_decode_step(fleet, u);
        const Jobs completing = unit.completing;
        for (Job* job : completing) complete(fleet, u, job);
        bool prompts_wait = false;
        for (const Jobs& prompts : unit.prompts) prompts_wait = prompts_wait || !prompts.empty();
        if (unit.prefills) {
            unit.since_look = fleet.spec->unit.receive_interval, unit.waited = 0;
        } else {
            ++unit.since_look, unit.waited = prompts_wait ? unit.waited + 1 : 0;
        }
    }

    void act(Fleet& fleet, int u) {
        SlowUnit& unit       = fleet.units[static_cast<std::size_t>(u)];
        const UnitSpec& spec = fleet.spec->unit;
        if (unit.state == SlowUnit::State::steps) end_step(fleet, u);
        if (spec.rebalance_every > 0 && now / spec.rebalance_every * spec.rebalance_every > unit.rebalanced) {
            unit.rebalanced   = now / spec.rebalance_every * spec.rebalance_every;
            const bool idle   = unit.state == SlowUnit::State::idle;
            const Ticks until = (idle ? unit.rebalanced : now) + spec.rebalance_pause;
            if (until > now) {
                unit.state = SlowUnit::State::pauses, unit.due = until;
                return;
            }
        }
        if (unit.since_look >= spec.receive_interval || unit.requests() == unit.inbox.size()) {
            unit.since_look  = 0;
            const Jobs inbox = std::exchange(unit.inbox, {});
            for (Job* job : inbox) {
                const std::size_t rank = pick_rank(unit, *job);
                job->rank              = static_cast<std::int64_t>(rank);
                unit.queue[rank].push_back(job);
            }
        }
        admit(fleet, u);
        begin_step(fleet, u);
    }

    // ---- what comes from outside

    Ticks next_arrival() {
        if (source.listens()) {
            const Ticks due = source.due();
            return due == kNever || (setup.stop > 0 && due > setup.stop) ? kNever : due + before();
        }
        Request asked;
        if (!next && source.next(asked)) next = asked;
        if (!next || (setup.stop > 0 && next->arrival > setup.stop)) return kNever;
        return next->arrival + before();
    }

    void arrive() {
        auto job = std::make_unique<Job>();
        if (source.listens())
            source.next(job->ask);
        else
            job->ask = *next;
        job->blocks.assign(job->ask.blocks.begin(), job->ask.blocks.end());
        job->reached = now;
        next.reset();
        result.events.push_back(
            {Kind::arrived, job->ask.arrival, now, job->ask.id, 0, -1, 0, job->ask.prompt});
        const std::int64_t all = job->ask.prompt + std::int64_t{job->ask.answer};
        const bool split       = fleets.size() > 1;
        bool fits_alone        = all <= setup.first.unit.cache_tokens;
        if (split)
            fits_alone = job->ask.prompt <= setup.first.unit.cache_tokens &&
                         (job->ask.answer == 1 || all <= setup.second.unit.cache_tokens);
        if (fits_alone) {
            route(fleets[0], job.get());
        } else {
            result.end = std::max(result.end, now + after());
            source.answered(now + after());
        }
        jobs.push_back(std::move(job));
    }

    Ticks next_change(const Fleet& fleet) const {
        Ticks at = fleet.change < fleet.changes.size() ? fleet.changes[fleet.change].at : kNever;
        for (const Ticks turn : fleet.turns) at = std::min(at, turn);
        return at;
    }

    void change(Fleet& fleet) {
        Jobs lost;
        if (fleet.change < fleet.changes.size() && fleet.changes[fleet.change].at == now) {
            fleet.count = fleet.changes[fleet.change++].count;
        } else {
            std::size_t u = 0;
            while (fleet.turns[u] != now) ++u;
            SlowUnit& unit = fleet.units[u];
            unit.failed    = !unit.failed;
            if (unit.failed) {
                fleet.turns[u] = now + setup.failures.repair;
                lost           = fail(fleet, static_cast<int>(u));
            } else {
                fleet.turns[u] = now + lifetime(fleet, u);
            }
        }
        if (!taking(fleet).empty()) {
            const Jobs held = std::exchange(fleet.held, {});
            for (Job* job : held) route(fleet, job);
        }
        for (Job* job : lost) route(fleets[0], job);
    }

    Jobs fail(Fleet& fleet, int u) {
        SlowUnit& unit = fleet.units[static_cast<std::size_t>(u)];
        Jobs lost      = unit.inbox;
        lost.insert(lost.end(), unit.completing.begin(), unit.completing.end());
        for (const auto* lists : {&unit.queue, &unit.prompts, &unit.running})
            for (const Jobs& list : *lists) lost.insert(lost.end(), list.begin(), list.end());
        for (const Jobs& running : unit.running) {
            for (Job* job : running) {
                const std::int64_t made = job->growth() * job->done / kOne;
                job->generated += made;
                fleet.books->rank_tokens[static_cast<std::size_t>(job->rank)] += made;
            }
        }
        std::sort(lost.begin(), lost.end(), [](Job* a, Job* b) { return a->ask.id < b->ask.id; });
        for (Job* job : lost) {
            tell(Kind::failed, *job, fleet.index, u, job->generated, now);
            job->generated = job->computed = job->cached = job->done = 0;
            job->has_cache = job->swapped = false;
        }
        ++fleet.books->failures;
        fleet.books->retried += lost.size();
        SlowUnit fresh = make_unit(*fleet.spec);
        fresh.prefixes = std::move(unit.prefixes);  // the disk outlives the failure
        for (PrefixCache& prefix : fresh.prefixes) prefix.clear();
        fresh.failed     = true;
        fresh.turn       = unit.turn;
        fresh.rebalanced = unit.rebalanced;
        unit             = std::move(fresh);
        return lost;
    }

    bool busy_anywhere() const {
        if (!crossing.empty()) return true;
        for (const Fleet& fleet : fleets) {
            if (!fleet.held.empty()) return true;
            for (const SlowUnit& unit : fleet.units)
                if (unit.requests() > 0) return true;
        }
        return false;
    }

    /// The first that is due of the fleet; -1 if none is.
    int due_unit(const Fleet& fleet) const {
        for (std::size_t u = 0; u < fleet.units.size(); ++u)
            if (fleet.units[u].due == now) return static_cast<int>(u);
        return -1;
    }

    Job* due_crossing() const {
        Job* first = nullptr;
        for (Job* job : crossing)
            if (job->crosses == now && (!first || job->ask.id < first->ask.id)) first = job;
        return first;
    }

    Ticks next_time() {
        Ticks at = next_arrival();
        for (const Fleet& fleet : fleets) {
            at = std::min(at, next_change(fleet));
            for (const SlowUnit& unit : fleet.units) at = std::min(at, unit.due);
        }
        for (const Job* job : crossing) at = std::min(at, job->crosses);
        return at;
    }

    /// One thing that happens now; false if nothing is left to.
    bool happen() {
        for (Fleet& fleet : fleets)
            if (next_change(fleet) == now) return change(fleet), true;
        if (next_arrival() == now) return arrive(), true;
        for (Fleet& fleet : fleets) {
            if (fleet.index == 1) {
                if (Job* job = due_crossing()) {
                    take_out(crossing, job);
                    return route(fleet, job), true;
                }
            }
            if (const int u = due_unit(fleet); u >= 0) return act(fleet, u), true;
        }
        return false;
    }

    void run() {
        while (next_arrival() != kNever || busy_anywhere()) {
            const Ticks at = next_time();
            if (at == kNever) return;  // nobody will ever take what is left
            pass_to(at);
            happen();
        }
        while (true) {  // what changes in the service until the last answer is at the user's
            Ticks at = kNever;
            for (const Fleet& fleet : fleets) at = std::min(at, next_change(fleet));
            if (at > result.end) break;
            pass_to(at);
            happen();
        }
        pass_to(result.end);
    }
};

}  // namespace

SlowResult serve_slowly(const ServeSetup& setup, RequestSource& source) {
    Slow slow(setup, source);
    slow.run();
    return std::move(slow.result);
}

}  // namespace isobath
