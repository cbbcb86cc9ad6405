/// In which range each launch was made: written by the threads that launch, read when its kernels have ended.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "profiler/attach/kernel_record.h"

namespace isobath::attach {

/// CUPTI numbers calls one after another, so a number's last digits are its place; a launch is forgotten when
/// `kPlaces` later calls were made. Neither side waits or allocates.
class LaunchRanges {
  public:
    static constexpr std::size_t kPlaces = 1 << 17;

    void put(std::uint32_t correlation, RangeId range) {
        Place& place = places_[correlation % kPlaces];
        place.correlation.store(0, std::memory_order_relaxed);
        place.range.store(range, std::memory_order_release);
        place.correlation.store(correlation, std::memory_order_release);
    }

    /// 0 if the launch was made outside of any range.
    RangeId get(std::uint32_t correlation) const {
        const Place& place = places_[correlation % kPlaces];
        if (correlation == 0 || place.correlation.load(std::memory_order_acquire) != correlation) return 0;
        const RangeId range = place.range.load(std::memory_order_acquire);
        return place.correlation.load(std::memory_order_acquire) == correlation ? range : 0;
    }

    static constexpr std::size_t bytes() { return kPlaces * sizeof(Place); }

  private:
    struct Place {
        std::atomic<std::uint32_t> correlation{0};
        std::atomic<RangeId> range{0};
    };
    std::array<Place, kPlaces> places_{};
};

}  // namespace isobath::attach
