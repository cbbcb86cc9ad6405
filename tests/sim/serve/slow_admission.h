/// The slow simulation: who may start, and who gives way.
#pragma once

#include "tests/sim/serve/slow_router.h"

namespace isobath::slow {

struct SlowAdmission : SlowRouter {
    using SlowRouter::SlowRouter;

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
};

}  // namespace isobath::slow
