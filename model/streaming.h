/// Bytes that the small kernels move, per token: the least their operands need.
///
/// `h` is an element count. BF16 is 2 B; quantised rows carry their 1x128 scales.
#pragma once

#include "model/op.h"

namespace isobath {

/// Reads x and residual, writes residual and the norm.
constexpr double residual_norm_bytes(double h) {
    return 8 * h;
}
/// Reads, writes the norm (BF16).
constexpr double norm_bytes(double h) {
    return 4 * h;
}
/// Reads BF16, writes `format`; free when the format is BF16 itself (no kernel runs).
constexpr double quantise_bytes(double h, Format format) {
    return h * (2 + activation_bytes(format));
}
/// Gate and up halves in BF16, the product in `format`.
constexpr double swiglu_bytes(double width, Format out) {
    return width * (4 + activation_bytes(out));
}

inline Streaming streaming(double tokens, double bytes_per_token) {
    return {tokens * bytes_per_token * unit::B};
}

constexpr bool is_quantised(Format format) {
    return format != Format::bf16 && format != Format::fp16 && format != Format::fp32;
}

}  // namespace isobath
