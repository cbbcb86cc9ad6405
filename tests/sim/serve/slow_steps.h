/// The slow simulation: a unit from step to step.
#pragma once

#include "tests/sim/serve/slow_admission.h"

namespace isobath::slow {

struct SlowSteps : SlowAdmission {
    using SlowAdmission::SlowAdmission;

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
};

}  // namespace isobath::slow
