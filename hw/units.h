/// Quantities that carry their unit, so that bytes, seconds and FLOP cannot be mixed.
///
/// A Quantity is one double in base units (second, byte, FLOP). Products and quotients
/// of quantities work out their own unit: `Bytes / BytesPerSecond` is `Seconds`.
#pragma once

#include <compare>
#include <iosfwd>
#include <string>
#include <string_view>

namespace isobath {

template <int S, int B, int F>
class Quantity {
  public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(double base) : base_(base) {}

    /// The plain number of `unit`s in this quantity: `time.in(unit::us)`.
    constexpr double in(Quantity unit) const { return base_ / unit.base_; }
    constexpr double base() const { return base_; }

    constexpr auto operator<=>(const Quantity&) const = default;
    constexpr Quantity operator+(Quantity o) const { return Quantity{base_ + o.base_}; }
    constexpr Quantity operator-(Quantity o) const { return Quantity{base_ - o.base_}; }
    constexpr Quantity& operator+=(Quantity o) {
        base_ += o.base_;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity o) {
        base_ -= o.base_;
        return *this;
    }

    friend constexpr Quantity operator*(double k, Quantity q) { return Quantity{k * q.base_}; }
    friend constexpr Quantity operator*(Quantity q, double k) { return Quantity{k * q.base_}; }
    friend constexpr Quantity operator/(Quantity q, double k) { return Quantity{q.base_ / k}; }

  private:
    double base_ = 0;
};

template <int S1, int B1, int F1, int S2, int B2, int F2>
constexpr auto operator*(Quantity<S1, B1, F1> a, Quantity<S2, B2, F2> b) {
    return Quantity<S1 + S2, B1 + B2, F1 + F2>{a.base() * b.base()};
}

/// A quotient of equal units is a plain number; any other is a Quantity.
template <int S1, int B1, int F1, int S2, int B2, int F2>
constexpr auto operator/(Quantity<S1, B1, F1> a, Quantity<S2, B2, F2> b) {
    if constexpr (S1 == S2 && B1 == B2 && F1 == F2)
        return a.base() / b.base();
    else
        return Quantity<S1 - S2, B1 - B2, F1 - F2>{a.base() / b.base()};
}

using Seconds        = Quantity<1, 0, 0>;
using Bytes          = Quantity<0, 1, 0>;
using Flops          = Quantity<0, 0, 1>;  ///< an amount of work, not a rate
using BytesPerSecond = Quantity<-1, 1, 0>;
using FlopsPerSecond = Quantity<-1, 0, 1>;

/// Units to multiply by: `4.8 * unit::TB / unit::s`. kB is 1000 B, KiB is 1024 B.
namespace unit {
inline constexpr Seconds s{1}, ms{1e-3}, us{1e-6}, ns{1e-9};
inline constexpr Bytes B{1}, kB{1e3}, MB{1e6}, GB{1e9}, TB{1e12};
inline constexpr Bytes KiB{1024}, MiB{1024. * 1024}, GiB{1024. * 1024 * 1024};
inline constexpr Bytes bit{0.125}, Gbit{0.125e9};
inline constexpr Flops FLOP{1}, GFLOP{1e9}, TFLOP{1e12};
}  // namespace unit

/// Reads "3 us", "141 GB", "400 Gbit/s" or "989 TFLOP/s" into the quantity asked for.
///
/// Throws std::invalid_argument if the number is missing, negative or not finite, or the unit is
/// missing or unknown; the message lists the units that Q accepts. There is no default unit.
template <class Q>
Q parse_quantity(std::string_view text);

std::string to_string(Seconds);  ///< "12.3 us"
std::string to_string(Bytes);    ///< "70.272 kB"
std::string to_string(Flops);
std::string to_string(BytesPerSecond);
std::string to_string(FlopsPerSecond);

template <int S, int B, int F>
std::ostream& operator<<(std::ostream& out, Quantity<S, B, F> q);

}  // namespace isobath
