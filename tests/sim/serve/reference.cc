#include "tests/sim/serve/reference.h"

#include <optional>

#include "tests/sim/serve/slow_steps.h"

namespace isobath {
namespace {

using namespace slow;

/// What comes from outside, and the order of it all.
struct Slow : SlowSteps {
    using SlowSteps::SlowSteps;

    std::optional<Request> next;

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
