/// Times counted on a fixed logarithmic scale: medians of any number of them in little memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/units.h"

namespace isobath {

/// 64 buckets an octave from 1 ns on, 2560 in all (20 minutes); beyond either end the last one counts.
///
/// A quantile lies in its bucket's geometric middle, so it is off by at most 2^(1/128) - 1 = 0.54 %. Only
/// buckets that hold something take memory: kernels of one shape fill a dozen or two.
class LogHistogram {
  public:
    static constexpr int kBuckets   = 2560;
    static constexpr double kError  = 0.0055;  ///< of a quantile, relative
    static constexpr int kPerOctave = 64;

    struct Bucket {
        std::int32_t index                   = 0;
        std::uint64_t count                  = 0;
        bool operator==(const Bucket&) const = default;
    };

    void add(Seconds time) { add_to(index_of(time), 1); }
    void add(const LogHistogram& other);
    /// Throws std::out_of_range unless 0 <= index < kBuckets.
    void add_to(int index, std::uint64_t count);

    std::uint64_t count() const { return count_; }
    /// The time below which a share of the counted times lies, both middle ones averaged; zero of none.
    Seconds quantile(double share) const;
    Seconds median() const { return quantile(0.5); }
    /// Interquartile range over the median; 0 of none.
    double spread() const;
    /// Those that hold something, in order.
    std::span<const Bucket> buckets() const { return buckets_; }
    bool operator==(const LogHistogram&) const = default;

    static int index_of(Seconds time);
    static Seconds middle_of(int index);

  private:
    Seconds at_rank(std::uint64_t rank) const;

    std::vector<Bucket> buckets_;
    std::uint64_t count_ = 0;
};

}  // namespace isobath
