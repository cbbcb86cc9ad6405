#include "model/numerics/float_format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace isobath::numerics {
namespace {

constexpr std::uint32_t kSign = 0x8000'0000u;
int smallest_exponent(const FloatFormat& f) {
    return 1 - f.bias;
}

/// The magnitude of the largest finite code.
std::uint16_t largest_code(const FloatFormat& f) {
    const int all = (1 << (f.bits() - 1)) - 1;
    switch (f.specials) {
        case Specials::ieee: return static_cast<std::uint16_t>(all - (1 << f.mantissa_bits));
        case Specials::nan_only: return static_cast<std::uint16_t>(all - 1);
        case Specials::all_numbers: break;
    }
    return static_cast<std::uint16_t>(all);
}

}  // namespace

float smallest(const FloatFormat& f) {
    return std::ldexp(1.0f, smallest_exponent(f) - f.mantissa_bits);
}

float decode(const FloatFormat& f, std::uint16_t code) {
    const int magnitude  = code & ((1 << (f.bits() - 1)) - 1);
    const bool negative  = code >> (f.bits() - 1) & 1;
    const int exponent   = magnitude >> f.mantissa_bits;
    const int mantissa   = magnitude & ((1 << f.mantissa_bits) - 1);
    const bool last      = exponent == (1 << f.exponent_bits) - 1;
    const bool all_ones  = mantissa == (1 << f.mantissa_bits) - 1;
    const float implicit = exponent > 0 ? static_cast<float>(1 << f.mantissa_bits) : 0.0f;
    float value =
        std::ldexp(implicit + static_cast<float>(mantissa), std::max(exponent, 1) - f.bias - f.mantissa_bits);
    if (last && f.specials == Specials::ieee)
        value = mantissa ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    if (last && all_ones && f.specials == Specials::nan_only) value = std::numeric_limits<float>::quiet_NaN();
    return negative ? -value : value;
}

std::uint16_t encode(const FloatFormat& f, float x, Overflow overflow) {
    const float value            = rounded(f, x, overflow);
    const unsigned sign          = (std::bit_cast<std::uint32_t>(value) & kSign ? 1u : 0u) << (f.bits() - 1);
    const float magnitude        = std::fabs(value);
    const unsigned first_special = largest_code(f) + 1u;
    if (std::isinf(magnitude)) return static_cast<std::uint16_t>(sign | first_special);
    if (std::isnan(value)) return static_cast<std::uint16_t>(sign | ((1u << (f.bits() - 1)) - 1));
    if (magnitude == 0) return static_cast<std::uint16_t>(sign);
    int exponent     = std::max(std::ilogb(magnitude), smallest_exponent(f));
    const auto steps = static_cast<unsigned>(std::ldexp(magnitude, f.mantissa_bits - exponent));
    // Of a normal number `steps` holds the implicit bit, which raises the exponent field by one; of a
    // subnormal one it does not.
    const auto field = static_cast<unsigned>(exponent - smallest_exponent(f));
    return static_cast<std::uint16_t>(sign | ((field << f.mantissa_bits) + steps));
}

float decode_e8m0(std::uint8_t code) {
    return code == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, code - 127);
}

std::uint8_t encode_e8m0(float x) {
    return static_cast<std::uint8_t>(std::clamp(std::ilogb(x) + 127, 0, 254));
}

}  // namespace isobath::numerics
