/// Small floating-point formats in software: what each code means, and which code a number becomes.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace isobath::numerics {

/// What the codes with the largest exponent stand for.
enum class Specials : std::uint8_t {
    ieee,        ///< infinities and NaN, as IEEE 754 has them (E5M2, FP16, BF16)
    nan_only,    ///< one NaN per sign, no infinity: OCP's "fn" (E4M3)
    all_numbers  ///< every code is a number (E2M1)
};

/// A sign, an exponent with subnormals below it, and a mantissa; 16 bits at most.
struct FloatFormat {
    int exponent_bits, mantissa_bits, bias;
    Specials specials;

    constexpr int bits() const { return 1 + exponent_bits + mantissa_bits; }
    constexpr int codes() const { return 1 << bits(); }
};

/// E4M3 and E5M2: OCP 8-bit Floating Point Specification 1.0; E2M1: OCP Microscaling Formats 1.0.
inline constexpr FloatFormat kE4M3{4, 3, 7, Specials::nan_only};
inline constexpr FloatFormat kE5M2{5, 2, 15, Specials::ieee};
inline constexpr FloatFormat kE2M1{2, 1, 1, Specials::all_numbers};
inline constexpr FloatFormat kBf16{8, 7, 127, Specials::ieee};
inline constexpr FloatFormat kFp16{5, 10, 15, Specials::ieee};

/// What a number beyond the largest becomes.
enum class Overflow : std::uint8_t {
    saturate,  ///< the largest finite value, infinities too: PTX cvt with .satfinite
    special    ///< infinity, or NaN where the format has none
};

/// The largest finite value: 448, 57344, 6, 3.39e38, 65504.
constexpr float largest(const FloatFormat& f) {
    const int top      = (1 << f.exponent_bits) - (f.specials == Specials::ieee ? 2 : 1) - f.bias;
    const int mantissa = (1 << f.mantissa_bits) - (f.specials == Specials::nan_only ? 2 : 1);
    return std::bit_cast<float>(static_cast<std::uint32_t>(top + 127) << 23 |
                                static_cast<std::uint32_t>(mantissa) << (23 - f.mantissa_bits));
}

/// The smallest value with a full mantissa.
constexpr float smallest_normal(const FloatFormat& f) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(128 - f.bias) << 23);
}

/// The smallest value above zero.
float smallest(const FloatFormat& f);

/// Half a step above the largest value: from there on a number rounds beyond the format.
constexpr float overflow_threshold(const FloatFormat& f) {
    const float most = largest(f);
    const float top  = std::bit_cast<float>(std::bit_cast<std::uint32_t>(most) & 0x7F80'0000u);
    return most + top / static_cast<float>(2 << f.mantissa_bits);
}

/// The value of a code; codes() - 1 at most.
float decode(const FloatFormat&, std::uint16_t code);

/// The code nearest to `x`, ties to the even one. NaN becomes NaN, or the largest value in a format that has
/// none (as PTX cvt.rn.satfinite.e2m1x2 does).
std::uint16_t encode(const FloatFormat&, float x, Overflow overflow = Overflow::saturate);

/// Ties to even at the format's last bit, with no thought of overflow; `x` is finite and not negative.
inline float rounded_magnitude(const FloatFormat& f, float x) {
    const int drop = 23 - f.mantissa_bits;
    // BF16 has FP32's exponents, so that its subnormals are rounded like all others.
    if (x >= smallest_normal(f) || f.exponent_bits == 8) {
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(x), odd = bits >> drop & 1;
        return std::bit_cast<float>((bits + (1u << (drop - 1)) - 1 + odd) & ~((1u << drop) - 1));
    }
    // FP32 itself rounds at the spacing that 1.5 * 2^23 subnormal steps have.
    const float shift =
        std::bit_cast<float>(static_cast<std::uint32_t>(128 - f.bias + drop) << 23 | 0x0040'0000u);
    return (x + shift) - shift;
}

/// decode(encode(x)) without the detour: what quantising to the format leaves of `x`.
inline float rounded(const FloatFormat& f, float x, Overflow overflow = Overflow::saturate) {
    if (std::isnan(x)) return f.specials == Specials::all_numbers ? largest(f) : x;
    const float magnitude = std::fabs(x);
    float out             = std::isinf(magnitude) ? magnitude : rounded_magnitude(f, magnitude);
    if (out > largest(f)) {
        out = largest(f);
        if (overflow == Overflow::special && f.specials == Specials::ieee)
            out = std::numeric_limits<float>::infinity();
        if (overflow == Overflow::special && f.specials == Specials::nan_only)
            out = std::numeric_limits<float>::quiet_NaN();
    }
    return std::copysign(out, x);
}

/// E8M0, the scale of OCP's microscaling formats: 2^(code - 127), 255 is NaN.
float decode_e8m0(std::uint8_t code);
/// The greatest power of two not above `x`, kept within the format; `x` > 0.
std::uint8_t encode_e8m0(float x);

}  // namespace isobath::numerics
