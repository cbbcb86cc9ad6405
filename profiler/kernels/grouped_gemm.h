/// One product per expert: d = a * b^T, rows grouped by expert.
///
/// FP8: E4M3, FP32 scales per 1 x 128 of a and per 128 x 128 of b, sums promoted to FP32 every 128 of k, as
/// DeepSeek-V3 trains. BF16: plain. The answer is BF16. n and k are multiples of 128.
#pragma once

#include <cstdint>

#include "profiler/kernels/number.h"
#include "profiler/kernels/stream.h"
#include "profiler/kernels/supported.h"

namespace isobath::kernels {

struct GroupedGemmShape {
    int experts   = 0;
    int n         = 0;
    int k         = 0;
    bool fp8      = true;
    int slot_rows = 0;  ///< masked layout: expert e has rows e * slot_rows ...; 0: contiguous, see first_row
    int tile_rows = 128;  ///< 16, 64 or 128: what a block computes at once; see tile_rows_for
};

/// Device addresses. a [rows][k], a_scales [rows][k / 128], b [experts][n][k], b_scales [experts][n / 128][k
/// / 128], counts [experts] rows in use, first_row [experts] (contiguous layout; any alignment), d [rows][n],
/// of which rows beyond the counts are left alone.
struct GroupedGemmBuffers {
    const void* a;
    const float* a_scales;
    const void* b;
    const float* b_scales;
    const int *counts, *first_row;
    Bf16* d;
};

/// The lowest tile that takes `rows` of an expert in one or two steps: weights are then read once from HBM,
/// and few multiplications are spent on padding.
inline int tile_rows_for(double rows) {
    return rows <= 32 ? 16 : rows <= 64 ? 64 : 128;
}

/// `sm`: compute capability times ten. FP8 needs mma of E4M3, sm_89. On sm_90 and sm_100 ptxas turns it into
/// conversions and FP16 products: exact, but no faster than FP16.
inline bool supported(const GroupedGemmShape& shape, int sm) {
    return has_large_shared_memory(sm) && sm >= (shape.fp8 ? 89 : 80);
}

/// Bytes of each operand when a and d have `rows` rows in all, those between experts counted.
struct GroupedGemmBytes {
    std::int64_t a, a_scales, b, b_scales, d;
};
inline GroupedGemmBytes bytes_of(const GroupedGemmShape& s, std::int64_t rows) {
    const std::int64_t element = s.fp8 ? 1 : 2, weights = std::int64_t(s.experts) * s.n * s.k;
    return {rows * s.k * element, s.fp8 ? rows * (s.k / 128) * 4 : 0, weights * element,
            s.fp8 ? weights / (128 * 128) * 4 : 0, rows * s.n * 2};
}

void launch_grouped_gemm(const GroupedGemmShape& shape, const GroupedGemmBuffers& buffers, int sms,
                         cudaStream_t stream);

}  // namespace isobath::kernels
