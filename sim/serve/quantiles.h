/// Times counted on a fixed logarithmic scale: quantiles of any number of them, mergeable in any order.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "sim/serve/request.h"

namespace isobath {

/// 128 equal parts of every octave of nanoseconds. A quantile is given in the middle of its part: off by at
/// most 1/256 = 0.4 %. Mean, least and greatest are exact. Adding costs a few instructions.
class Quantiles {
  public:
    static constexpr double kError = 1.0 / 256;

    void add(Ticks time, std::uint64_t times = 1);
    void add(const Quantiles& other);
    std::uint64_t count() const { return count_; }
    double mean() const;  ///< ns; 0 of none
    double quantile(
        double share) const;  ///< ns; the least value with at least this share at or below; 0 of none
    Ticks least() const, greatest() const;
    double share_within(Ticks limit) const;  ///< at or below, to the part's resolution; 1 of none

  private:
    std::vector<std::uint64_t> parts_;
    std::uint64_t count_ = 0;
    __int128 sum_        = 0;
    Ticks least_ = 0, greatest_ = 0;
};

}  // namespace isobath
