#include "model/numerics/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "model/numerics/float_format.h"

namespace isobath::numerics {
namespace {

constexpr float kE4M3Largest = 448, kE2M1Largest = 6;

float greatest(std::span<const float> values) {
    float most = 0;
    for (const float v : values) most = std::max(most, std::fabs(v));
    return most;
}

/// x -> scale * rounded(x / scale).
template <const FloatFormat& format>
QuantisationCount scaled(std::span<float> values, float scale) {
    QuantisationCount count{static_cast<double>(values.size()), 0, 0};
    std::size_t saturated = 0, flushed = 0;
    for (float& v : values) {
        const float element = v / scale, kept = rounded(format, element);
        saturated += std::fabs(element) > overflow_threshold(format);
        flushed += kept == 0 && v != 0;
        v = kept * scale;
    }
    count.saturated = static_cast<double>(saturated);
    count.flushed   = static_cast<double>(flushed);
    return count;
}

/// Calls visit(part) for each run of `length` values of each row; the last of a row may be shorter.
template <class Visit>
QuantisationCount each_block(Tensor& t, std::size_t length, const Visit& visit) {
    QuantisationCount count;
    for (std::size_t r = 0; r < t.rows; ++r)
        for (std::size_t c = 0; c < t.columns; c += length)
            count += visit(t.row(r).subspan(c, std::min(length, t.columns - c)));
    return count;
}

float scale_or_one(float scale) {
    return scale >= std::numeric_limits<float>::min() ? scale : 1.0f;
}

QuantisationCount per_block(Tensor& t, std::size_t length) {
    return each_block(t, length, [](std::span<float> block) {
        return scaled<kE4M3>(block, scale_or_one(greatest(block) / kE4M3Largest));
    });
}

/// 128 x 128 blocks: one scale for the same columns of 128 rows.
QuantisationCount per_square(Tensor& t) {
    constexpr std::size_t kSide = 128;
    QuantisationCount count;
    for (std::size_t r = 0; r < t.rows; r += kSide)
        for (std::size_t c = 0; c < t.columns; c += kSide) {
            const std::size_t width = std::min(kSide, t.columns - c), below = std::min(r + kSide, t.rows);
            float most = 0;
            for (std::size_t i = r; i < below; ++i)
                most = std::max(most, greatest(t.row(i).subspan(c, width)));
            for (std::size_t i = r; i < below; ++i)
                count += scaled<kE4M3>(t.row(i).subspan(c, width), scale_or_one(most / kE4M3Largest));
        }
    return count;
}

QuantisationCount microscaled(Tensor& t) {
    constexpr int kE4M3Exponent = 8;  // of 448 = 1.75 * 2^8
    return each_block(t, 32, [](std::span<float> block) {
        const float most = greatest(block);
        if (most == 0) return QuantisationCount{static_cast<double>(block.size()), 0, 0};
        return scaled<kE4M3>(block, decode_e8m0(encode_e8m0(std::ldexp(most, -kE4M3Exponent))));
    });
}

QuantisationCount nvfp4(Tensor& t) {
    const float tensor_scale = scale_or_one(greatest(t.values) / (kE2M1Largest * kE4M3Largest));
    return each_block(t, 16, [&](std::span<float> block) {
        const float scale = rounded(kE4M3, greatest(block) / kE2M1Largest / tensor_scale);
        if (scale > 0) return scaled<kE2M1>(block, scale * tensor_scale);
        QuantisationCount count{static_cast<double>(block.size()), 0, 0};
        for (float& v : block) count.flushed += std::exchange(v, 0.0f) != 0;
        return count;
    });
}

QuantisationCount per_row_int8(Tensor& t) {
    return each_block(t, t.columns, [](std::span<float> row) {
        QuantisationCount count{static_cast<double>(row.size()), 0, 0};
        const float scale = scale_or_one(greatest(row) / 127);
        for (float& v : row) {
            const float kept = std::clamp(std::nearbyint(v / scale), -127.0f, 127.0f) * scale;
            count.flushed += kept == 0 && v != 0;
            v = kept;
        }
        return count;
    });
}

}  // namespace

QuantisationCount& operator+=(QuantisationCount& a, const QuantisationCount& b) {
    a.values += b.values;
    a.saturated += b.saturated;
    a.flushed += b.flushed;
    return a;
}

QuantisationCount quantise_e4m3(std::span<float> values, float scale) {
    return scaled<kE4M3>(values, scale);
}

QuantisationCount logfmt_quantise(std::span<float> tile, int bits) {
    QuantisationCount count{static_cast<double>(tile.size()), 0, 0};
    double high = -1e300, low = 1e300;
    for (const float v : tile) {
        if (v == 0) continue;
        const double log = std::log(std::fabs(static_cast<double>(v)));
        high             = std::max(high, log);
        low              = std::min(low, log);
    }
    if (high < low) return count;
    low               = std::max(low, high - 32 * std::log(2.0));
    const double last = (1 << (bits - 1)) - 2, step = (high - low) / last;
    for (float& v : tile) {
        if (v == 0) continue;
        const double size  = std::fabs(static_cast<double>(v));
        const double place = step > 0 ? std::clamp((std::log(size) - low) / step, 0.0, last) : 0.0;
        const double below = std::exp(low + step * std::floor(place));
        const double above = std::exp(low + step * std::min(std::floor(place) + 1, last));
        // The zero code is the nearest of what lies under half of the least magnitude.
        const double kept = size < below / 2 ? 0 : size - below <= above - size ? below : above;
        count.flushed += kept == 0;
        v = std::copysign(static_cast<float>(kept), v);
    }
    return count;
}

QuantisationCount quantise(Tensor& t, Format format, Role role) {
    switch (format) {
        case Format::fp32: return {static_cast<double>(t.values.size()), 0, 0};
        case Format::bf16: return scaled<kBf16>(t.values, 1.0f);
        case Format::fp16: return scaled<kFp16>(t.values, 1.0f);
        case Format::fp8_tensor:
            return scaled<kE4M3>(t.values, scale_or_one(greatest(t.values) / kE4M3Largest));
        case Format::fp8_block: return role == Role::weight ? per_square(t) : per_block(t, 128);
        case Format::mxfp8: return microscaled(t);
        case Format::nvfp4: return nvfp4(t);
        case Format::int8: return per_row_int8(t);
        case Format::logfmt10:
            return each_block(t, 128, [](std::span<float> tile) { return logfmt_quantise(tile); });
    }
    return {};
}

}  // namespace isobath::numerics
