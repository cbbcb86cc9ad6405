/// Kernels around the experts: gate, permute, unpermute. Eight experts per token, as DeepSeek-V3 chooses.
#pragma once

#include <cstdint>

#include "profiler/kernels/number.h"
#include "profiler/kernels/stream.h"

namespace isobath::kernels {

inline constexpr int kChosen = 8;  ///< num_experts_per_tok

/// DeepSeek-V3's gate over 256 experts: sigmoid scores; for the choice a bias is added, the best 4 of 8
/// groups (by the sum of their best two) stay, and the best 8 experts are taken. Weights are the scores
/// without bias, normalised to sum to `scaling` (routed_scaling_factor). Ties go to the lower index. Shapes:
/// logits [tokens][256], bias [256], chosen and weights [tokens][8], best first.
struct Gate {
    std::int64_t tokens = 0;
    float scaling       = 2.5F;
};
void launch_gate_choice(const Gate& shape, const float* logits, const float* bias, int* chosen,
                        float* weights, cudaStream_t stream);

/// Rows sorted by expert, in the order of tokens within an expert.
struct Permute {
    std::int64_t tokens = 0;
    int experts         = 0;  ///< on this GPU; at most 256
    int row_bytes       = 0;  ///< a multiple of 16
    int alignment       = 1;  ///< contiguous layout: an expert's first row is a multiple of this
    int slot_rows       = 0;  ///< not 0, masked layout: expert e has rows e * slot_rows ...
};

/// Shapes: chosen [tokens][8], a local expert or -1; counts [experts]; first_row [experts + 1]; row
/// [tokens][8], where each went, or -1; from [tokens][row_bytes]; to: as many rows as the layout takes.
struct PermuteBuffers {
    const int* chosen;
    int *counts, *first_row, *row;
    const void* from;
    void* to;
};
void launch_permute(const Permute& shape, const PermuteBuffers& buffers, cudaStream_t stream);

/// to[t] = sum over k of weights[t][k] * from[row[t][k]], in FP32; rows of -1 count nothing.
struct Unpermute {
    std::int64_t tokens = 0;
    int width           = 0;  ///< a multiple of 8
};
void launch_unpermute(const Unpermute& shape, const Bf16* from, const int* row, const float* weights,
                      Bf16* to, cudaStream_t stream);

}  // namespace isobath::kernels
