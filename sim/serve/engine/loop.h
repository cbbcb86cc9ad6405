/// The order of events.
#pragma once

#include "sim/serve/engine/arrivals.h"
#include "sim/serve/engine/crossings.h"

namespace isobath::engine {

/// What a loop is over: both fleets, or one of them. What is absent is null.
struct LoopParts {
    Arrivals* arrivals   = nullptr;
    Fleet* first         = nullptr;
    Crossings* crossings = nullptr;
    Fleet* second        = nullptr;
    Channel* out         = nullptr;  ///< where hand-overs go when the second fleet is elsewhere
};

/// Events in order of time. At the same moment: changes of service (the first fleet's first), an arrival,
/// steps of the first fleet's units, a hand-over that arrives, steps of the second fleet's units; units in
/// order of their numbers. Nothing in the second fleet touches the first, but for failures and sources that
/// listen: without these each fleet may have a loop and a thread of its own.
class Loop {
  public:
    Loop(const ServeSetup& setup, const ServeHooks& hooks, LoopParts parts)
        : setup_(setup), hooks_(hooks), parts_(parts) {}
    /// Until all are served; false if it was stopped before, or if no unit ever takes what still waits.
    bool run();

  private:
    bool serve();
    struct Times {
        Ticks first_change, second_change, arrival, first_step, crossing, second_step;
        Ticks least() const;
    };
    Times times() const;
    bool ended() const;
    bool goes_on(Ticks now) const;
    void happen(const Times& times, Ticks now);
    void arrive(Ticks now);
    void change(Fleet& fleet, Ticks now);
    void pass_on(Ticks now);
    void answer(Fleet& fleet);
    void flush(Ticks known_until);

    const ServeSetup& setup_;
    const ServeHooks& hooks_;
    LoopParts parts_;
    Channel::Batch batch_;
    bool cut_off_ = false;  ///< nobody takes what is handed over
};

}  // namespace isobath::engine
