/// Which unit of a fleet gets a request.
#include <algorithm>

#include "sim/serve/engine/fleet.h"

namespace isobath::engine {

/// Units that only prefill are compared by the work that waits, others by requests.
std::int64_t Fleet::load(int unit) const {
    const Unit& at = units_[static_cast<std::size_t>(unit)];
    return spec_.unit.role == UnitRole::prefill ? at.backlog() : at.requests();
}

int Fleet::pick(Slot slot) {
    const std::vector<int>& taking = service_.taking();
    if (context_.setup.router == RouterRule::round_robin) return next_in_turn();
    if (context_.setup.router == RouterRule::prefix_aware) {
        const int unit = with_prefix(slot);
        if (unit >= 0) return unit;
    }
    return *std::min_element(taking.begin(), taking.end(), [&](int a, int b) { return load(a) < load(b); });
}

/// The first that takes requests behind the last one chosen.
int Fleet::next_in_turn() {
    const std::vector<int>& taking = service_.taking();
    const auto found               = std::lower_bound(taking.begin(), taking.end(), turn_);
    const int unit                 = found == taking.end() ? taking.front() : *found;
    turn_                          = unit + 1;
    return unit;
}

/// The one that holds most of the prompt's blocks, of equal ones the least loaded; -1 if none holds any, or
/// if it has too many requests.
int Fleet::with_prefix(Slot slot) const {
    const auto blocks = context_.pool.blocks(slot);
    if (blocks.empty() || !spec_.unit.prefix.on) return -1;
    int best               = -1;
    std::int64_t most      = 0;
    std::int64_t least_all = kNoTicks;
    for (const int unit : service_.taking()) {
        const Unit& at          = units_[static_cast<std::size_t>(unit)];
        const std::int64_t held = at.blocks_held(blocks);
        least_all               = std::min(least_all, at.requests());
        if (held < most || held == 0) continue;
        if (held == most && at.requests() >= units_[static_cast<std::size_t>(best)].requests()) continue;
        best = unit, most = held;
    }
    const std::int64_t margin = std::int64_t{context_.setup.prefix_margin} * spec_.unit.ranks;
    return best >= 0 && units_[static_cast<std::size_t>(best)].requests() <= least_all + margin ? best : -1;
}

}  // namespace isobath::engine
