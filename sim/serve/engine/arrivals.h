/// Requests on their way from the source to the scheduler.
#pragma once

#include "sim/serve/engine/ledger.h"

namespace isobath::engine {

/// Looks one request ahead, unless the source listens: then it is asked when its next request is due.
class Arrivals {
  public:
    Arrivals(const ServeSetup& setup, RequestSource& source);
    /// When the next request reaches the scheduler; kNoTicks: none, or none before somebody is answered.
    Ticks next() const { return next_; }
    /// That request; its blocks are valid until look() is called.
    const Request& request();
    void look();  ///< at the one after it
    void answered(Ticks time);

  private:
    void set(Ticks arrival);

    const ServeSetup& setup_;
    RequestSource& source_;
    const bool listens_;
    Request request_;
    Ticks next_ = kNoTicks;
};

/// As a fleet takes it.
Served served_of(const Request& request, const ServeSetup& setup);

/// Whether it fits where nothing else is.
bool fits_ever(const Request& request, const ServeSetup& setup);

}  // namespace isobath::engine
