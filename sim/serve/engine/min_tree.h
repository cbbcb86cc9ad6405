/// The least of many numbers that change one at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace isobath::engine {

/// A tournament of n numbers, all 0 at first: a change is played again up to the root. Of equal ones the
/// first wins.
class MinTree {
  public:
    explicit MinTree(std::size_t n, std::int64_t value = 0)
        : leaves_(std::bit_ceil(n)), values_(n, value), winners_(2 * leaves_) {
        for (std::size_t i = 0; i < leaves_; ++i) winners_[leaves_ + i] = static_cast<std::uint32_t>(i);
        for (std::size_t i = leaves_; i-- > 1;) play(i);
    }
    void set(std::size_t i, std::int64_t value) {
        values_[i] = value;
        for (std::size_t at = (leaves_ + i) / 2; at > 0; at /= 2) play(at);
    }
    std::int64_t operator[](std::size_t i) const { return values_[i]; }
    std::size_t first() const { return winners_[1]; }
    std::int64_t least() const { return values_[first()]; }

  private:
    std::int64_t value(std::uint32_t i) const {
        return i < values_.size() ? values_[i] : std::numeric_limits<std::int64_t>::max();
    }
    void play(std::size_t at) {
        const std::uint32_t left = winners_[2 * at], right = winners_[2 * at + 1];
        winners_[at] = value(right) < value(left) ? right : left;
    }

    std::size_t leaves_;
    std::vector<std::int64_t> values_;
    std::vector<std::uint32_t> winners_;
};

}  // namespace isobath::engine
