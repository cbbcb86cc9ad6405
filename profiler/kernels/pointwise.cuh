/// Eight BF16 per thread and access. A group of 128 is 16 lanes, so a warp has two.
#pragma once

#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline constexpr int kPointThreads = 256;

struct Eight {
    float x[8];
};

ISOBATH_DEVICE Eight unpack(simt::Words w) {
    const std::uint32_t words[4] = {w.x, w.y, w.z, w.w};
    Eight r;
    ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) {
        r.x[2 * i]     = float_of(words[i] << 16);
        r.x[2 * i + 1] = float_of(words[i] & 0xFFFF0000U);
    }
    return r;
}

ISOBATH_DEVICE simt::Words pack(const Eight& e) {
    return {simt::pack_bf16(e.x[0], e.x[1]), simt::pack_bf16(e.x[2], e.x[3]), simt::pack_bf16(e.x[4], e.x[5]),
            simt::pack_bf16(e.x[6], e.x[7])};
}

ISOBATH_DEVICE Eight load_eight(const Bf16* from) {
    return unpack(simt::load_streaming(from));
}

ISOBATH_DEVICE std::int64_t global_thread() {
    return std::int64_t(simt::block_x()) * simt::threads() + simt::thread();
}

/// Scale of the 128 elements that 16 neighbouring lanes hold; all lanes of the warp must come.
ISOBATH_DEVICE float group_scale(const Eight& e) {
    float largest = 1e-4F;
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i) largest = largest > fabsf(e.x[i]) ? largest : fabsf(e.x[i]);
    ISOBATH_UNROLL
    for (int mask = 8; mask > 0; mask /= 2) {
        const float other = simt::shuffle_xor(largest, mask);
        largest           = largest > other ? largest : other;
    }
    return largest / kE4m3Max;
}

ISOBATH_DEVICE void store_quantised(const Eight& e, std::int64_t index, bool inside, E4m3* to,
                                    float* scales) {
    const float scale = group_scale(e), inverse = 1.0F / scale;
    if (!inside) return;
    std::uint32_t q[4];
    ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) q[i] = simt::pack_e4m3(e.x[2 * i] * inverse, e.x[2 * i + 1] * inverse);
    const std::uint64_t low = q[0] | q[1] << 16, high = q[2] | q[3] << 16;
    simt::store<std::uint64_t>(to + index * 8, low | high << 32);
    if (simt::thread() % 16 == 0) scales[index / 16] = scale;
}

ISOBATH_KERNEL(kPointThreads)
quantise_kernel(std::int64_t eights, const Bf16* from, E4m3* to, float* scales) {
    const std::int64_t i = global_thread();
    const Eight e        = i < eights ? load_eight(from + i * 8) : Eight{};
    store_quantised(e, i, i < eights, to, scales);
}

/// silu(gate) * up of element group `i` of [rows][width].
ISOBATH_DEVICE Eight swiglu_at(std::int64_t i, int width, const Bf16* gate_up) {
    const std::int64_t row = i * 8 / width, column = i * 8 % width;
    const Bf16* const gate = gate_up + row * 2 * width + column;
    const Eight g = load_eight(gate), u = load_eight(gate + width);
    Eight r;
    ISOBATH_UNROLL
    for (int j = 0; j < 8; ++j)
        r.x[j] = simt::divide_fast(g.x[j], 1.0F + simt::exp2_fast(g.x[j] * -1.44269504F)) * u.x[j];
    return r;
}

ISOBATH_KERNEL(kPointThreads) swiglu_kernel(std::int64_t eights, int width, const Bf16* gate_up, Bf16* to) {
    const std::int64_t i = global_thread();
    if (i < eights) simt::store_streaming(to + i * 8, pack(swiglu_at(i, width, gate_up)));
}

ISOBATH_KERNEL(kPointThreads)
swiglu_quantise_kernel(std::int64_t eights, int width, const Bf16* gate_up, E4m3* to, float* scales) {
    const std::int64_t i = global_thread();
    const Eight e        = i < eights ? swiglu_at(i, width, gate_up) : Eight{};
    store_quantised(e, i, i < eights, to, scales);
}

/// Sum over the block, in every thread.
ISOBATH_DEVICE float block_sum(float value) {
    ISOBATH_UNROLL
    for (int mask = 16; mask > 0; mask /= 2) value += simt::shuffle_xor(value, mask);
    if (simt::thread() % 32 == 0)
        simt::store_shared(simt::shared_base() + simt::Shared(simt::thread() / 8), value);
    simt::barrier();
    float sum = 0;
    for (int w = 0; w < kPointThreads / 32; ++w)
        sum += simt::load_shared<float>(simt::shared_base() + simt::Shared(w * 4));
    return sum;
}

inline constexpr int kNormEights =
    4;  ///< per thread: rows of up to 4 * 256 * 8 = 8192 elements stay in registers

/// One row per block.
ISOBATH_KERNEL(kPointThreads) rms_norm_kernel(int width, const Bf16* from, const Bf16* weight, Bf16* to) {
    const std::int64_t row = std::int64_t(simt::block_x()) * width;
    Eight e[kNormEights]   = {};
    float squares          = 0;
    ISOBATH_UNROLL
    for (int i = 0; i < kNormEights; ++i) {
        const int column = (i * kPointThreads + simt::thread()) * 8;
        if (column < width) e[i] = load_eight(from + row + column);
        for (const float x : e[i].x) squares += x * x;
    }
    const float factor = simt::rsqrt_fast(block_sum(squares) / float(width) + 1e-6F);
    ISOBATH_UNROLL
    for (int i = 0; i < kNormEights; ++i) {
        const int column = (i * kPointThreads + simt::thread()) * 8;
        if (column >= width) continue;
        const Eight w = load_eight(weight + column);
        for (int j = 0; j < 8; ++j) e[i].x[j] *= factor * w.x[j];
        simt::store_streaming(to + row + column, pack(e[i]));
    }
}

/// Four pairs per thread, 8 threads per head.
ISOBATH_KERNEL(kPointThreads)
rope_kernel(std::int64_t eights, int heads, int head_dim, Bf16* x, const int* positions, const float* cosines,
            const float* sines) {
    const std::int64_t i = global_thread();
    if (i >= eights) return;
    const std::int64_t head = i / 8, angle = std::int64_t(positions[head / heads]) * 32 + i % 8 * 4;
    Bf16* const at = x + (head + 1) * head_dim - 64 + i % 8 * 8;
    Eight e        = unpack(simt::load_l2(at));  // written in place: not through the read-only path
    ISOBATH_UNROLL
    for (int p = 0; p < 4; ++p) {
        const float a = e.x[2 * p], b = e.x[2 * p + 1], c = cosines[angle + p], s = sines[angle + p];
        e.x[2 * p]     = a * c - b * s;
        e.x[2 * p + 1] = a * s + b * c;
    }
    simt::store_streaming(at, pack(e));
}

}  // namespace isobath::kernels
