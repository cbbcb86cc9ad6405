/// Which requests end their answer at which decode step.
#pragma once

#include <vector>

#include "sim/serve/engine/served.h"

namespace isobath::engine {

/// A ring of buckets by step number (a timing wheel: Varghese and Lauck 1987, scheme 6). An answer longer
/// than the ring is met, and left, once a round. Buckets are arrays, so that requests are fetched from memory
/// beside each other, not one after the other.
class FinishRing {
  public:
    FinishRing() : buckets_(kSize) {}
    void add(Pool& pool, Slot slot);     ///< at its finish_step, which lies ahead
    void remove(Pool& pool, Slot slot);  ///< before it is reached
    /// Takes out those of this step; valid until the next call.
    const std::vector<Slot>& take(Pool& pool, std::int64_t step);
    void clear();

  private:
    static constexpr std::int64_t kSize = 4096;
    struct Entry {
        Slot slot;
        std::int32_t round;  ///< of the ring, at which it ends
    };
    static std::int32_t round_of(std::int64_t step) { return static_cast<std::int32_t>(step / kSize); }
    std::vector<Entry>& bucket(std::int64_t step) {
        return buckets_[static_cast<std::size_t>(step & (kSize - 1))];
    }

    std::vector<std::vector<Entry>> buckets_;
    std::vector<Slot> ending_;
};

}  // namespace isobath::engine
