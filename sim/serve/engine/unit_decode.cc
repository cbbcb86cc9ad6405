/// Requests that decode: each grows evenly from its first step to its last.
#include <algorithm>

#include "sim/serve/engine/draws.h"
#include "sim/serve/engine/unit.h"

namespace isobath::engine {

/// Draws how many steps the rest of its answer takes, exactly, and when that is.
void Unit::join(Slot slot) {
    Served& served          = fleet_.pool[slot];
    const std::int64_t left = served.answer - served.generated;
    Draws draws(fleet_.setup.seed, kDecode + static_cast<std::uint64_t>(served.starts++), served.id);
    const std::int64_t steps = fleet_.law.draw(left, draws);
    served.rate              = whole(left) / steps;
    served.start_step        = steps_;
    served.finish_step       = steps_ + steps;
    served.cache             = Served::Cache::here;
    ring_.add(fleet_.pool, slot);
    fleet_.pool.push_back(at(served.rank).running, slot);
    hold(served.rank, cache_, whole(served.held()));
    rate_[static_cast<std::size_t>(served.rank)] += served.rate;
    growth_ += served.rate;
    ++decoding_, ++at(served.rank).decoding;
    joined_.push_back(served.last_token);
}

double Unit::mean_decoding() const {
    return static_cast<double>(decoding_) / static_cast<double>(ranks_.size());
}

double Unit::fullest() const {
    return plain(*std::max_element(cache_.begin(), cache_.end()));
}

Ticks Unit::decode_time() const {
    return fleet_.spec.steps->decode(mean_decoding(), fullest());
}

void Unit::end_decoding(Ticks now) {
    ++steps_;
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) cache_[rank] += rate_[rank];
    held_ += growth_, levels().cache += growth_;
    count_gaps(now);
    finish_all(ring_.take(fleet_.pool, steps_), now);
}

/// Requests lie anywhere in memory: those that follow, and their neighbours in the lists, are sent for ahead.
void Unit::finish_all(const std::vector<Slot>& ending, Ticks now) {
    constexpr std::size_t kAhead = 6;
    Pool& pool                   = fleet_.pool;
    for (std::size_t i = 0; i < ending.size(); ++i) {
        if (i + 2 * kAhead < ending.size()) pool.fetch(ending[i + 2 * kAhead]);
        if (i + kAhead < ending.size()) {
            const Served& soon = pool[ending[i + kAhead]];
            if (soon.prev != kNil) pool.fetch(soon.prev);
            if (soon.next != kNil) pool.fetch(soon.next);
        }
        finish(ending[i], now);
    }
}

void Unit::count_gaps(Ticks now) {
    fleet_.ledger.gap(last_decode_, now, decoding_ - static_cast<std::int64_t>(joined_.size()));
    for (const Ticks last : joined_) fleet_.ledger.gap(last, now, 1);
    joined_.clear();
    last_decode_ = now;
}

void Unit::finish(Slot slot, Ticks now) {
    Served& served = fleet_.pool[slot];
    stop_decoding(slot);
    fleet_.ledger.rank_tokens[static_cast<std::size_t>(served.rank)] += served.answer - served.generated;
    served.generated = served.answer;
    fleet_.ledger.finished(served, index_, now);
    leave(slot);
}

/// Out of everything but the ring.
void Unit::stop_decoding(Slot slot) {
    const Served& served = fleet_.pool[slot];
    hold(served.rank, cache_, -whole(served.held()) - served.rate * (steps_ - served.start_step));
    rate_[static_cast<std::size_t>(served.rank)] -= served.rate;
    growth_ -= served.rate;
    --decoding_, --at(served.rank).decoding;
    fleet_.pool.erase(at(served.rank).running, slot);
}

/// Out of the unit.
void Unit::leave(Slot slot) {
    const Served& served = fleet_.pool[slot];
    const auto place     = static_cast<std::size_t>(served.rank);
    --at(served.rank).admitted;
    at(served.rank).promised -= promised_of(served);
    loads_.set(place, loads_[place] - 1);
    --requests_, --levels().running;
    backlog_ -= work_of(served);
    fleet_.pool.release(slot);
}

}  // namespace isobath::engine
