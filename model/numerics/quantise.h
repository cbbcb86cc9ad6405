/// Block-scaled formats in software: what storing a matrix in a format leaves of it.
#pragma once

#include "hw/dtype.h"
#include "model/numerics/tensor.h"

namespace isobath::numerics {

/// Decides how scales are laid out where a format treats the two unlike.
enum class Role { activation, weight };

/// What became of values that the elements of the format cannot hold.
struct QuantisationCount {
    double values = 0, saturated = 0, flushed = 0;  ///< flushed: not zero before, zero after

    double saturated_share() const { return values > 0 ? saturated / values : 0; }
    double flushed_share() const { return values > 0 ? flushed / values : 0; }
};
QuantisationCount& operator+=(QuantisationCount&, const QuantisationCount&);

/// Replaces each value by what the format keeps of it, scales included; blocks run along rows.
///
///   fp32              as it is;  bf16, fp16: rounded
///   fp8_tensor        E4M3, one FP32 scale: greatest / 448
///   fp8_block         E4M3, one FP32 scale per 1x128 (activation) or 128x128 (weight): DeepSeek-V3
///   report 3.3.2 mxfp8             E4M3, per 32 the scale 2^(floor(log2(greatest)) - 8), saturating: OCP
///   MX 1.0, section 6.3 nvfp4             E2M1, per 16 an E4M3 scale, times one FP32 scale: greatest / (6 *
///   448) int8              -127 .. 127, one scale per row (token or channel): greatest / 127 logfmt10 per
///   128 a sign and 9 bits of logarithm: see logfmt_quantise()
///
/// A block of zeros stays zero. Values must be finite.
QuantisationCount quantise(Tensor& tensor, Format format, Role role);

/// E4M3 with one scale that is given, as of a cache calibrated beforehand: what is beyond 448 * scale
/// saturates.
QuantisationCount quantise_e4m3(std::span<float> values, float scale);

/// LogFMT of `bits` bits on one tile: log|x| between the tile's least and greatest magnitude, the least not
/// below 2^-32 of the greatest, in 2^(bits - 1) - 2 steps; a zero code; rounded in linear space.
/// Source: "Insights into DeepSeek-V3" (ISCA 2025), section 3.2.
QuantisationCount logfmt_quantise(std::span<float> tile, int bits = 10);

}  // namespace isobath::numerics
