/// How a tensor core adds up a dot product: in how many bits, and how often the sum is taken to FP32.
#pragma once

#include <span>

namespace isobath::numerics {

/// What is shifted to a common exponent before a step is added up.
enum class Alignment {
    products,             ///< the products of the step; their sum is then added to the accumulator
    products_accumulator  ///< the accumulator among them: one adder for all
};

/// Fixed-point accumulation of one MMA step of k = 32 after another.
///
/// Within a step every operand is shifted to the largest exponent and cut, toward zero, to the multiple of
/// its last of `bits` significant bits; the accumulator is cut to `bits` significant bits after each step.
/// `promote` > 0 adds the accumulator to an FP32 sum and clears it after that many k.
///
/// Sources: "around 14 bits", truncated, products aligned by the largest exponent: DeepSeek-V3 report 3.3.2
/// and 3.5.2; registers with 13 mantissa bits: "Insights into DeepSeek-V3" (ISCA 2025) 3.1.1. Whether the
/// accumulator is shifted with the products is not said there; one adder for all is how tensor cores were
/// found to work by Fasi and others (2021) and MMA-Sim (arXiv 2511.10909).
struct Accumulation {
    int bits            = 0;  ///< 0: FP32 throughout
    int promote         = 0;  ///< a multiple of 32, 128 in DeepSeek's kernels; 0: never
    Alignment alignment = Alignment::products_accumulator;
};

inline constexpr int kMmaStep = 32;

/// The dot product of two vectors of the same length, in the arithmetic of `how`.
float dot(std::span<const float> a, std::span<const float> b, const Accumulation& how);

}  // namespace isobath::numerics
