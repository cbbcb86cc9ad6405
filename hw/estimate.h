/// A predicted time, what it rests on, and how sure it is.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "hw/units.h"

namespace isobath {

/// From the most to the least trusted, so that the larger of two is the weaker.
enum class Source : std::uint8_t { measured, interpolated, fitted, roofline, assumed };
inline constexpr int kSourceCount = 5;

constexpr std::string_view name_of(Source source) {
    constexpr std::array<std::string_view, kSourceCount> names{"measured", "interpolated", "fitted",
                                                               "roofline", "assumed"};
    return names[static_cast<std::size_t>(source)];
}

constexpr Source weaker(Source a, Source b) {
    return std::max(a, b);
}

/// A time with its 80 % interval [low, high] and its source.
struct Estimate {
    Seconds time, low, high;
    Source source = Source::assumed;

    /// `time` known to a factor: low = time / factor, high = time * factor.
    static constexpr Estimate within(Seconds time, double factor, Source source) {
        return {time, time / factor, time * factor, source};
    }
};

/// One after the other, errors going the same way (one kernel family). The source is the weaker one.
constexpr Estimate operator+(const Estimate& a, const Estimate& b) {
    return {a.time + b.time, a.low + b.low, a.high + b.high, weaker(a.source, b.source)};
}

constexpr Estimate operator*(double times, const Estimate& e) {
    return {times * e.time, times * e.low, times * e.high, e.source};
}

}  // namespace isobath
