/// Kernels of a transformer layer that are bound by bandwidth: quantise, RMSNorm, RoPE, SwiGLU.
///
/// Tensors are row-major and 16-byte aligned; widths are multiples of 8, of 128 where scales are involved.
#pragma once

#include <cstdint>

#include "profiler/kernels/number.h"
#include "profiler/kernels/stream.h"

namespace isobath::kernels {

struct Rows {
    std::int64_t rows = 0;
    int width         = 0;
};

/// E4M3 with one FP32 scale per 1 x 128: scale = max(|x|, 1e-4) / 448, as DeepSeek's act_quant does.
/// Shapes: from [rows][width], to the same, scales [rows][width / 128].
void launch_quantise(const Rows& shape, const Bf16* from, E4m3* to, float* scales, cudaStream_t stream);

/// y = x / sqrt(mean(x^2) + 1e-6) * weight; weight [width].
void launch_rms_norm(const Rows& shape, const Bf16* from, const Bf16* weight, Bf16* to, cudaStream_t stream);

/// Rotates, in place, the last 64 dims of each head: pairs (2i, 2i + 1) by the angle position * 10000^(-i /
/// 32), given as cos and sin [positions][32].
struct Rope {
    std::int64_t tokens = 0;
    int heads           = 0;
    int head_dim        = 0;  ///< elements from one head to the next
};
void launch_rope(const Rope& shape, Bf16* x, const int* positions, const float* cosines, const float* sines,
                 cudaStream_t stream);

/// silu(gate) * up of [rows][gate 0..width | up 0..width], to [rows][width].
void launch_swiglu(const Rows& shape, const Bf16* gate_up, Bf16* to, cudaStream_t stream);

/// The same, quantised as launch_quantise does, without a detour through BF16.
void launch_swiglu_quantise(const Rows& shape, const Bf16* gate_up, E4m3* to, float* scales,
                            cudaStream_t stream);

}  // namespace isobath::kernels
