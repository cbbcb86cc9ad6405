/// Random numbers that depend on what they are for, not on what was drawn before.
#pragma once

#include <cmath>
#include <cstdint>

namespace isobath {

/// One to one on 64 bits, each output bit depending on every input bit. Source: the finisher of splitmix64
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014; constants of Stafford's
/// variant 13).
constexpr std::uint64_t mix64(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/// What a seed makes of a purpose: kept by those who draw for many items.
class DrawKey {
  public:
    constexpr DrawKey(std::uint64_t seed, std::uint64_t purpose)
        : key_(mix64(mix64(seed + kGolden) ^ purpose)) {}

  private:
    friend class Draws;
    static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  ///< 2^64 / golden ratio, odd

    std::uint64_t key_;
};

/// The stream of draws for one purpose of one item, such as the lengths of request 17: the same whenever,
/// wherever and in whichever order it is drawn. The n-th number is mix64 of a counter that starts at a place
/// made from the seed, the purpose and the item, and moves as splitmix64's does.
class Draws {
  public:
    Draws(DrawKey key, std::uint64_t item) : counter_(mix64(key.key_ + DrawKey::kGolden * item)) {}
    Draws(std::uint64_t seed, std::uint64_t purpose, std::uint64_t item)
        : Draws(DrawKey(seed, purpose), item) {}

    std::uint64_t bits() { return mix64(counter_ += DrawKey::kGolden); }
    /// In (0, 1), never an end: 53 bits and a half.
    double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }
    /// One of 0 .. n - 1, each exactly as likely; n above 0. Source: Lemire, "Fast random integer generation
    /// in an interval", 2019.
    std::uint64_t whole(std::uint64_t n);
    /// Of mean 1.
    double exponential() { return -std::log(uniform()); }
    /// Of mean 0 and variance 1. Source: Leva, "A fast normal random number generator", 1992: ratio of
    /// uniforms between two quadratic bounds, exact.
    double normal();
    /// Of this shape and scale 1. Source: Marsaglia and Tsang, "A simple method for generating gamma
    /// variables", 2000; below 1, a draw of shape + 1 times u^(1/shape).
    double gamma(double shape);
    /// The exponential of a normal number, of this mean and this standard deviation over mean.
    double log_normal(double mean, double cv);

  private:
    std::uint64_t counter_;
};

}  // namespace isobath
