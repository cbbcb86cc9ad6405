/// Absorbed MLA decode: queries against the latent cache itself, kv_lora_rank 512, 64 rope dims.
///
/// Score of query row and token: all 576 elements; value: the latent's 512. Query i of s_q sees the context
/// but for the last s_q - 1 - i tokens. Cache pages have 64 tokens; a token takes 1152 B in BF16 (latent,
/// rope), or 656 B as FlashMLA lays FP8 out: 512 E4M3, four FP32 scales (one per 128), 64 BF16 of rope.
#pragma once

#include <cstdint>

#include "profiler/kernels/mla_plan.h"
#include "profiler/kernels/number.h"
#include "profiler/kernels/stream.h"
#include "profiler/kernels/supported.h"

namespace isobath::kernels {

inline constexpr int kLatent = 512, kMlaKey = 576;
inline constexpr int kBf16TokenBytes = 1152, kFp8TokenBytes = 656;

struct MlaDecodeShape {
    int batch       = 0;
    int queries     = 1;  ///< s_q
    int heads       = 16;
    bool fp8        = false;
    int table_width = 0;    ///< pages per request in the block table
    float scale     = 0.F;  ///< of the scores before softmax, above 0: 1 / sqrt(192) and what the model adds

    ISOBATH_ANYWHERE int rows() const { return queries * heads; }
};

/// Device addresses; shapes: q [batch][s_q][heads][576], cache [pages][64][token bytes], block_table
/// [batch][table_width], contexts [batch], out [batch][s_q][heads][512]; the plan's arrays as in MlaPlan;
/// partial [slots][s_q * heads][512], partial_lse [slots][s_q * heads] (base 2).
struct MlaDecodeBuffers {
    const Bf16* q;
    const void* cache;
    const int *block_table, *contexts;
    const MlaPart* parts;
    const int* first_part;
    const MlaSplit* splits;
    Bf16* out;
    float *partial, *partial_lse;
};

/// Rows of queries that one block takes: 16 where all fit, else 64.
inline int mla_tile_rows(const MlaDecodeShape& shape) {
    return shape.rows() <= 16 ? 16 : 64;
}

/// For how many blocks to make the plan, so that one block per SM is the whole grid.
inline int mla_plan_blocks(const MlaDecodeShape& shape, int sms) {
    const int tile = mla_tile_rows(shape);
    return std::max(1, sms / ((shape.rows() + tile - 1) / tile));
}

inline bool supported(const MlaDecodeShape& /*shape*/, int sm) {
    return has_large_shared_memory(sm);
}

/// Bytes of each operand; a plan for requests of `pages` pages in all, split into `slots`.
struct MlaDecodeBytes {
    std::int64_t q, cache, block_table, out, partial, partial_lse;
};
inline MlaDecodeBytes bytes_of(const MlaDecodeShape& s, std::int64_t pages, std::int64_t slots) {
    const std::int64_t rows = std::int64_t(s.batch) * s.rows();
    return {rows * kMlaKey * 2,
            pages * kPageTokens * (s.fp8 ? kFp8TokenBytes : kBf16TokenBytes),
            std::int64_t(s.batch) * s.table_width * 4,
            rows * kLatent * 2,
            slots * s.rows() * kLatent * 4,
            slots * s.rows() * 4};
}

/// Decodes and combines. The counts are those of the plan that `buffers` holds.
/// Throws CudaError where a block cannot have the shared memory (less than 163 KiB: sm_86, sm_89, sm_120).
void launch_mla_decode(const MlaDecodeShape& shape, const MlaDecodeBuffers& buffers, int plan_blocks,
                       int split_count, cudaStream_t stream);

}  // namespace isobath::kernels
