/// Number formats: what the arithmetic units compute in, and how tensors are stored.
#pragma once

#include <cstdint>
#include <string_view>

#include "hw/units.h"

namespace isobath {

/// What tensor cores multiply in: names a peak rate of a GPU.
enum class Math : std::uint8_t { fp4, fp8, int8, fp16, bf16, tf32, fp32 };
inline constexpr int kMathCount = 7;

/// How a tensor is stored, block scales included.
enum class Format : std::uint8_t {
    nvfp4,       ///< E2M1, one E4M3 scale per 16 elements
    mxfp8,       ///< E4M3, one E8M0 scale per 32 elements
    fp8_block,   ///< E4M3, one FP32 scale per 1x128 (activations) or 128x128 (weights): DeepSeek's
    fp8_tensor,  ///< E4M3, one scale per tensor
    int8,        ///< one scale per channel
    logfmt10,    ///< DeepEP's 10-bit logarithmic combine format
    fp16,
    bf16,
    fp32
};
inline constexpr int kFormatCount = 9;

std::string_view name_of(Math);
std::string_view name_of(Format);
Format parse_format(std::string_view name);  ///< throws std::invalid_argument that lists the known names

/// The peak rate that applies when both operands are in this format.
constexpr Math math_of(Format format) {
    switch (format) {
        case Format::nvfp4: return Math::fp4;
        case Format::mxfp8:
        case Format::fp8_block:
        case Format::fp8_tensor: return Math::fp8;
        case Format::int8: return Math::int8;
        case Format::fp16: return Math::fp16;
        case Format::logfmt10:
        case Format::bf16: return Math::bf16;
        case Format::fp32: return Math::fp32;
    }
    return Math::bf16;
}

/// Bytes of one activation element, scales included: 1x128 blocks carry 4 B per 128 elements.
constexpr double activation_bytes(Format format) {
    switch (format) {
        case Format::nvfp4: return 0.5 + 1.0 / 16;
        case Format::mxfp8: return 1 + 1.0 / 32;
        case Format::fp8_block: return 1 + 4.0 / 128;
        case Format::fp8_tensor:
        case Format::int8: return 1;
        case Format::logfmt10: return 1.25;
        case Format::fp16:
        case Format::bf16: return 2;
        case Format::fp32: return 4;
    }
    return 0;
}

/// Bytes of one weight element, scales included: 128x128 blocks carry 4 B per 16,384 elements.
constexpr double weight_bytes(Format format) {
    return format == Format::fp8_block ? 1 + 4.0 / (128 * 128) : activation_bytes(format);
}

}  // namespace isobath
