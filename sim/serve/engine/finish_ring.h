/// Which requests end their answer at which decode step.
#pragma once

#include <vector>

#include "sim/serve/engine/served.h"

namespace isobath::engine {

/// A ring of lists by step number (a timing wheel: Varghese and Lauck 1987, scheme 6). An answer longer than
/// the ring is met, and left, once a round.
class FinishRing {
  public:
    FinishRing() : heads_(kSize, kNil) {}
    void add(Pool& pool, Slot slot);     ///< at its finish_step, which lies ahead
    void remove(Pool& pool, Slot slot);  ///< before it is reached
    /// Takes out those of this step; they are linked by ring_next.
    Slot take(Pool& pool, std::int64_t step);

  private:
    static constexpr std::int64_t kSize = 4096;
    Slot& head(std::int64_t step) { return heads_[static_cast<std::size_t>(step & (kSize - 1))]; }

    std::vector<Slot> heads_;
};

}  // namespace isobath::engine
