/// Times counted on a fixed logarithmic scale: quantiles of any number of them, mergeable in any order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/serve/request.h"

namespace isobath {

/// 128 equal parts of every octave of nanoseconds. A quantile is given in the middle of its part: off by at
/// most 1/256 = 0.4 %. Mean, least and greatest are exact. Adding costs a few instructions. Memory: 1 kB for
/// each octave between the least and the greatest. The idea is that of high dynamic range histograms: leading
/// bits of the number are its part, so that no logarithm is taken.
class Quantiles {
  public:
    static constexpr double kError = 1.0 / 256;

    /// A time below 0 counts as 0.
    void add(Ticks time, std::uint64_t times = 1) {
        if (times == 0) return;
        time                    = time < 0 ? 0 : time;
        const std::size_t place = part_of(time) - first_;  // beyond every size where the part lies before
        if (place >= parts_.size()) return add_outside(time, times);
        parts_[place] += times;
        note(time, time, times, static_cast<__int128>(time) * static_cast<__int128>(times));
    }
    void add(const Quantiles& other);
    std::uint64_t count() const { return count_; }
    double mean() const;  ///< ns; 0 of none
    double quantile(
        double share) const;  ///< ns; the least value with at least this share at or below; 0 of none
    Ticks least() const { return least_; }        ///< 0 of none
    Ticks greatest() const { return greatest_; }  ///< 0 of none
    double share_within(Ticks limit) const;       ///< at or below, even inside the limit's part; 1 of none
    bool operator==(const Quantiles&) const = default;

  private:
    static constexpr int kBits          = 7;
    static constexpr std::size_t kParts = std::size_t{1} << kBits;

    /// Times below 256 are parts of their own; each octave above has kParts of them.
    static std::size_t part_of(Ticks time) {
        const auto value = static_cast<std::uint64_t>(time);
        const int shift  = value < 2 * kParts ? 0 : std::bit_width(value) - kBits - 1;
        return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
    }
    void note(Ticks least, Ticks greatest, std::uint64_t times, __int128 sum) {
        least_    = count_ == 0 || least < least_ ? least : least_;
        greatest_ = count_ == 0 || greatest > greatest_ ? greatest : greatest_;
        count_ += times;
        sum_ += sum;
    }
    void add_outside(Ticks time, std::uint64_t times);
    void make_room(std::size_t from, std::size_t to);

    std::vector<std::uint64_t> parts_;  ///< whole octaves, from that of the least to that of the greatest
    std::size_t first_   = 0;           ///< the part that parts_[0] counts
    std::uint64_t count_ = 0;
    __int128 sum_        = 0;
    Ticks least_ = 0, greatest_ = 0;
};

}  // namespace isobath
