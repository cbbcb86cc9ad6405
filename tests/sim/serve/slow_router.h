/// The slow simulation: who takes a request.
#pragma once

#include "tests/sim/serve/slow_books.h"

namespace isobath::slow {

struct SlowRouter : SlowBooks {
    using SlowBooks::SlowBooks;

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
};

}  // namespace isobath::slow
