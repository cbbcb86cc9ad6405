/// Random numbers whose algorithms are our own, so that a seed means the same draw with every library.
#pragma once

#include <cmath>
#include <random>
#include <span>
#include <utility>

namespace isobath {

using Random = std::mt19937_64;

/// Uniform in (0, 1), never an end: 53 bits and a half.
inline double draw_uniform(Random& random) {
    return (double(random() >> 11) + 0.5) * 0x1p-53;
}

/// One of 0 .. n-1, alike up to n / 2^64.
inline std::size_t draw_index(Random& random, std::size_t n) {
    return std::size_t(draw_uniform(random) * double(n));
}

/// Standard normal, by Box and Muller; one per call.
inline double draw_normal(Random& random) {
    const double radius = std::sqrt(-2 * std::log(draw_uniform(random)));
    return radius * std::cos(2 * 3.14159265358979323846 * draw_uniform(random));
}

/// Standard Gumbel: of logits with this noise, the largest is a draw from their softmax.
inline double draw_gumbel(Random& random) {
    return -std::log(-std::log(draw_uniform(random)));
}

/// Gamma of this shape and scale 1. Source: Marsaglia and Tsang, "A simple method for generating gamma
/// variables", 2000; below 1, a draw of shape + 1 times u^(1/shape).
double draw_gamma(Random& random, double shape);

/// Fisher and Yates.
template <class T>
void shuffle(std::span<T> values, Random& random) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[draw_index(random, i)]);
}

}  // namespace isobath
