/// Where the cache is full, and where a unit fails.
#include <algorithm>
#include <cmath>

#include "sim/serve/engine/unit.h"

namespace isobath::engine {

/// Before a decode step: of each rank whose cache it would overfill, those that began to decode last give
/// way.
void Unit::make_room(Ticks now) {
    const Tokens all = whole(fleet_.spec.cache_tokens);
    for (int rank = 0; rank < ranks(); ++rank) {
        const auto place = static_cast<std::size_t>(rank);
        while (cache_[place] + rate_[place] + prompts_[place] > all) preempt(rank, now);
    }
}

/// Back to the head of its rank's queue, with what it has generated.
void Unit::preempt(int rank, Ticks now) {
    const Slot slot = at(rank).running.tail;
    Served& served  = fleet_.pool[slot];
    ring_.remove(fleet_.pool, slot);
    stop_decoding(slot);
    forget_gap(served);
    note_generated(served);
    if (fleet_.spec.preemption == Preemption::swap) at(rank).swapping += served.held();
    served.cache = fleet_.spec.preemption == Preemption::swap ? Served::Cache::swapped : Served::Cache::none;
    at(rank).promised -= promised_of(served);
    --at(rank).admitted;
    fleet_.pool.push_front(at(rank).queue, slot);
    ++queued_, --levels().running;
    fleet_.ledger.waits();
    ++fleet_.ledger.preemptions;
    fleet_.ledger.tell(ServeEvent::Kind::preempted, served, index_, now, now, served.generated);
}

/// Its next gap runs from the last token that it got.
void Unit::forget_gap(Served& served) {
    if (served.start_step < steps_) {
        served.last_token = last_decode_;
        return;
    }
    joined_.erase(std::find(joined_.begin(), joined_.end(), served.last_token));
}

void Unit::note_generated(Served& served) {
    const auto made = static_cast<std::int32_t>(floored(served.rate * (steps_ - served.start_step)));
    served.generated += made;
    fleet_.ledger.rank_tokens[static_cast<std::size_t>(served.rank)] += made;
}

/// Ranks move their caches beside each other.
Ticks Unit::swap_time() {
    std::int64_t most = 0;
    if (fleet_.spec.preemption != Preemption::swap) return 0;
    for (Rank& rank : ranks_) most = std::max(most, std::exchange(rank.swapping, 0));
    return std::llround(fleet_.spec.swap_ns * static_cast<double>(most));
}

void Unit::take_all(List& list, std::vector<Slot>& out) {
    while (!list.empty()) out.push_back(fleet_.pool.pop_front(list));
}

std::vector<Slot> Unit::fail() {
    std::vector<Slot> lost;
    take_all(inbox_, lost);
    for (Rank& rank : ranks_) take_all(rank.queue, lost);
    levels().waiting -= static_cast<std::int64_t>(lost.size());
    levels().running -= requests_ - static_cast<std::int64_t>(lost.size());
    levels().cache -= held_;
    levels().busy -= state_ == State::step;
    for (Rank& rank : ranks_) {
        for (Slot slot = rank.running.head; slot != kNil; slot = fleet_.pool[slot].next)
            note_generated(fleet_.pool[slot]);
        take_all(rank.prompts, lost);
        take_all(rank.running, lost);
    }
    lost.insert(lost.end(), completing_.begin(), completing_.end());
    forget_all();
    return lost;
}

void Unit::forget_all() {
    state_ = State::idle;
    std::fill(ranks_.begin(), ranks_.end(), Rank{});
    for (std::vector<Tokens>* tokens : {&cache_, &rate_, &prompts_})
        std::fill(tokens->begin(), tokens->end(), 0);
    loads_ = MinTree(ranks_.size());
    ring_.clear();
    for (PrefixCache& prefix : prefixes_) prefix.clear();
    requests_ = backlog_ = queued_ = prefilling_ = decoding_ = 0;
    ranks_prefilling_ = waited_ = 0;
    left_over_                  = false;
    since_look_                 = fleet_.spec.receive_interval;
    held_ = growth_ = 0;
    joined_.clear(), completing_.clear();
}

}  // namespace isobath::engine
