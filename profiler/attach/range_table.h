/// What the ranges of a process say that they run, each text read once.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hw/recorded_kernels.h"
#include "profiler/attach/kernel_record.h"

namespace isobath::attach {

/// Any thread may ask.
class RangeTable {
  public:
    static constexpr std::size_t kMostPoints = 4096, kMostTexts = 16384;

    /// A new range's number, or 0 if its text names no shape or there are too many shapes already. `first`
    /// tells whether this is the first shape of the process.
    RangeId begin(std::string_view text, std::string_view domain, bool& first);

    RangePoint point(std::uint32_t index) const;
    std::size_t points() const;
    std::uint64_t begun() const;
    std::uint64_t unreadable() const;

    static constexpr std::size_t bytes() { return kMostPoints * 256 + kMostTexts * 512; }

  private:
    static constexpr std::uint32_t kNone = ~0u;
    std::uint32_t look_up(std::string_view text, std::string_view domain);
    std::uint32_t add(const RangePoint& point);

    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::uint32_t> texts_;
    std::map<RangePoint, std::uint32_t> index_;
    std::vector<RangePoint> points_;
    std::uint64_t begun_ = 0, unreadable_ = 0;
};

}  // namespace isobath::attach
