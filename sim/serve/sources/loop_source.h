/// Clients who ask again once they have been answered.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "sim/serve/sources/asks.h"

namespace isobath {

/// A closed loop at a fixed concurrency, as serving benchmarks run it.
struct ClosedLoop {
    int clients                = 1;
    double requests_per_client = 10;     ///< mean: whichever client is free asks the next of all requests
    Ticks start                = 0;      ///< the first requests come evenly within this time; 0: all at once
    Ticks think                = 0;      ///< mean, from an answer to the client's next request
    bool think_varies          = false;  ///< exponential, instead of always the mean
};

/// Throws SpecError where a number makes no sense. Asks.requests is clients * requests_per_client, or less.
class LoopSource final : public RequestSource {
  public:
    LoopSource(const ClosedLoop& loop, Asks asks);

    bool next(Request& out) override;
    bool listens() const override { return true; }
    Ticks due() const override { return asked_ < requests_ && !due_.empty() ? due_.top() : kNoTicks; }
    void answered(Ticks time) override;

  private:
    ClosedLoop loop_;
    Asker asker_;
    std::uint64_t requests_;
    std::uint64_t asked_ = 0, answered_ = 0;
    std::priority_queue<Ticks, std::vector<Ticks>, std::greater<>> due_;  ///< at most one for each client
};

}  // namespace isobath
