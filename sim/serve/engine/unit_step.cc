/// A unit from one step to the next.
#include <algorithm>
#include <cmath>

#include "sim/serve/engine/unit.h"

namespace isobath::engine {

Ticks Unit::act(Ticks now) {
    if (state_ == State::step) end_step(now);
    if (const Ticks until = rebalanced_until(now); until > now) {
        state_ = State::pause;
        return until;
    }
    look();
    admit(now);
    return begin_step(now);
}

/// Experts move at whole multiples of the interval, or when the step that runs then has ended.
Ticks Unit::rebalanced_until(Ticks now) {
    if (fleet_.spec.rebalance_every <= 0) return now;
    const Ticks moment = now / fleet_.spec.rebalance_every * fleet_.spec.rebalance_every;
    if (moment <= rebalanced_) return now;
    rebalanced_ = moment;
    return std::max(now, (state_ == State::idle ? moment : now) + fleet_.spec.rebalance_pause);
}

/// Prefill goes first, but ranks wait for each other to have something to prefill.
bool Unit::prefill_due() const {
    return prefilling_ > 0 && (decoding_ == 0 || left_over_ || ranks_prefilling_ == ranks() ||
                               waited_ >= fleet_.spec.balance_wait);
}

Ticks Unit::begin_step(Ticks now) {
    const bool together = fleet_.spec.policy == SchedulePolicy::decode_first;
    const bool prefills = prefilling_ > 0 && (together || prefill_due());
    step_.decodes       = decoding_ > 0 && (together || !prefills);
    if (step_.decodes) make_room(now);
    step_.decodes = step_.decodes && decoding_ > 0;
    // What is decoded alone always fits: where nothing is left to decode, a prompt has taken the room.
    const Ticks prefilled = prefills || !step_.decodes ? take_prompts() : 0;
    step_.prefills        = prefilled > 0;
    if (!step_.decodes && !step_.prefills) {
        state_      = State::idle;
        since_look_ = fleet_.spec.receive_interval;
        return kNoTicks;
    }
    return start_clock(now, (step_.prefills ? prefilled : decode_time()) + swap_time());
}

Ticks Unit::start_clock(Ticks now, Ticks duration) {
    if (step_.decodes) {
        duration += std::llround(fleet_.spec.speculation_ns * static_cast<double>(decoding_));
        fleet_.ledger.step_time.add(duration);
    }
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
        fleet_.ledger.cache_max = std::max(fleet_.ledger.cache_max, cache_[rank] + prompts_[rank]);
    ++fleet_.ledger.steps;
    fleet_.ledger.prefill_steps += step_.prefills;
    state_ = State::step;
    ++levels().busy;
    tell_step(now, now + duration);
    return now + duration;
}

void Unit::tell_step(Ticks now, Ticks until) {
    using Kind           = ServeEvent::Kind;
    const Ledger& ledger = fleet_.ledger;
    for (const Taken& taken : taken_)
        ledger.tell(Kind::prefilled, fleet_.pool[taken.slot], index_, now, until, taken.tokens);
    taken_.clear();
    ledger.tell({Kind::step, now, until, 0, fleet_.index, index_, 0, step_.decodes ? decoding_ : 0});
}

void Unit::end_step(Ticks now) {
    --levels().busy;
    if (step_.decodes) end_decoding(now);
    for (const Slot slot : completing_) complete(slot, now);
    completing_.clear();
    since_look_ = step_.prefills ? fleet_.spec.receive_interval : since_look_ + 1;
    waited_     = step_.prefills || prefilling_ == 0 ? 0 : waited_ + 1;
}

}  // namespace isobath::engine
