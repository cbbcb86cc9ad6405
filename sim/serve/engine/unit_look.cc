/// What reaches a unit, and which of its ranks takes it.
#include <algorithm>

#include "sim/serve/engine/unit.h"

namespace isobath::engine {

Unit::Unit(FleetContext& fleet, int index)
    : fleet_(fleet),
      index_(index),
      ranks_(static_cast<std::size_t>(fleet.spec.ranks)),
      cache_(ranks_.size()),
      rate_(ranks_.size()),
      prompts_(ranks_.size()),
      loads_(ranks_.size()),
      since_look_(fleet.spec.receive_interval) {
    const PrefixCacheSpec& spec = fleet.spec.prefix;
    if (!spec.on) return;
    const auto blocks = [&](double tokens) { return static_cast<std::int64_t>(tokens) / spec.block_tokens; };
    std::shared_ptr<BlockLru> disk;
    if (spec.disk_tokens > 0) disk = std::make_shared<BlockLru>(blocks(spec.disk_tokens));
    const double own = spec.tokens < 0 ? static_cast<double>(fleet.spec.cache_tokens) : spec.tokens;
    for (int rank = 0; rank < fleet.spec.ranks; ++rank) prefixes_.emplace_back(blocks(own), disk);
}

bool Unit::receive(Slot slot) {
    fleet_.pool.push_back(inbox_, slot);
    ++requests_;
    backlog_ += work_of(fleet_.pool[slot]);
    return state_ == State::idle;
}

void Unit::look() {
    const bool idle = queued_ + prefilling_ + decoding_ == 0;
    if (!idle && since_look_ < fleet_.spec.receive_interval) return;
    since_look_ = 0;
    while (!inbox_.empty()) {
        const Slot slot        = fleet_.pool.pop_front(inbox_);
        const int rank         = pick_rank(slot);
        const auto place       = static_cast<std::size_t>(rank);
        fleet_.pool[slot].rank = rank;
        loads_.set(place, loads_[place] + 1);
        fleet_.pool.push_back(at(rank).queue, slot);
        ++queued_;
    }
}

int Unit::pick_rank(Slot slot) {
    const RouterRule rule = fleet_.setup.router;
    if (rule == RouterRule::round_robin) return std::exchange(next_rank_, (next_rank_ + 1) % ranks());
    const auto least = static_cast<int>(loads_.first());
    if (rule != RouterRule::prefix_aware || prefixes_.empty()) return least;
    const int best = rank_with_prefix(fleet_.pool.blocks(slot));
    const bool far =
        best >= 0 && loads_[static_cast<std::size_t>(best)] > loads_.least() + fleet_.setup.prefix_margin;
    return best < 0 || far ? least : best;
}

/// The least loaded of those that hold most of it; -1 if none holds any.
int Unit::rank_with_prefix(std::span<const std::uint64_t> blocks) const {
    int best          = -1;
    std::int64_t most = 0, load = 0;
    for (std::size_t rank = 0; rank < prefixes_.size() && !blocks.empty(); ++rank) {
        const auto hit          = prefixes_[rank].peek(blocks);
        const std::int64_t held = hit.memory + hit.disk;
        if (held < most || held == 0 || (held == most && loads_[rank] >= load)) continue;
        best = static_cast<int>(rank), most = held, load = loads_[rank];
    }
    return best;
}

std::int64_t Unit::blocks_held(std::span<const std::uint64_t> blocks) const {
    std::int64_t most = 0;
    for (const PrefixCache& prefix : prefixes_) {
        const auto hit = prefix.peek(blocks);
        most           = std::max(most, hit.memory + hit.disk);
    }
    return most;
}

}  // namespace isobath::engine
