/// BF16 and E4M3 as bits, with conversions that run on hosts and GPUs alike.
///
/// Own types, so that headers and tests need no CUDA. E4M3 as in "FP8 Formats for Deep Learning"
/// (Micikevicius et al., 2022): bias 7, no infinity, largest value 448, NaN is 0x7F.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define ISOBATH_ANYWHERE __host__ __device__ inline
#else
#define ISOBATH_ANYWHERE inline
#endif

namespace isobath::kernels {

struct Bf16 {
    std::uint16_t bits;
};
struct E4m3 {
    std::uint8_t bits;
};

/// Two floats that are loaded and stored at once.
struct alignas(8) Two {
    float x, y;
};

inline constexpr float kE4m3Max = 448.0F;

ISOBATH_ANYWHERE std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

ISOBATH_ANYWHERE float float_of(std::uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

ISOBATH_ANYWHERE float to_float(Bf16 x) {
    return float_of(std::uint32_t(x.bits) << 16);
}

/// Round to nearest, ties to even; a NaN stays one.
ISOBATH_ANYWHERE Bf16 to_bf16(float value) {
    const std::uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {0x7FFF};
    return {std::uint16_t((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16)};
}

/// Exact: E4M3 put 20 bits higher reads as a float 2^120 too small (biases 127 and 7), subnormals included.
ISOBATH_ANYWHERE float to_float(E4m3 x) {
    if ((x.bits & 0x7FU) == 0x7FU) return float_of(0x7FC00000U);
    const float magnitude = float_of(std::uint32_t(x.bits & 0x7FU) << 20) * 0x1p120F;
    return (x.bits & 0x80U) != 0 ? -magnitude : magnitude;
}

/// Round to nearest, ties to even; beyond 448 saturates.
ISOBATH_ANYWHERE E4m3 to_e4m3(float value) {
    const std::uint8_t sign = std::uint8_t((bits_of(value) >> 24) & 0x80U);
    float magnitude         = float_of(bits_of(value) & 0x7FFFFFFFU);
    if (magnitude != magnitude) return {std::uint8_t(sign | 0x7FU)};
    if (magnitude >= kE4m3Max) return {std::uint8_t(sign | 0x7EU)};
    if (magnitude < 0x1p-6F) {  // subnormal: adding 2^14 leaves multiples of 2^-9 in the float, rounded
        return {std::uint8_t(sign | (bits_of(magnitude + 0x1p14F) & 0xFFU))};
    }
    const std::uint32_t bits = bits_of(magnitude);
    return {std::uint8_t(sign | (((bits + 0x7FFFFU + ((bits >> 20) & 1U)) >> 20) - (120U << 3)))};
}

}  // namespace isobath::kernels
