/// MLA prefill as multi-head attention: q and k of 192 dims, v of 128, BF16, causal.
#pragma once

#include <cstdint>

#include "profiler/kernels/number.h"
#include "profiler/kernels/stream.h"
#include "profiler/kernels/supported.h"

namespace isobath::kernels {

/// Query i of a request sees its first keys - queries + i + 1 keys: earlier chunks come first.
struct MlaPrefillShape {
    int batch   = 1;
    int queries = 0;
    int keys    = 0;  ///< at least `queries`
    int heads   = 128;
    float scale = 0;  ///< of the scores before softmax, above 0
};

/// Shapes: q [batch][queries][heads][192], k [batch][keys][heads][192], v [batch][keys][heads][128], out
/// [batch][queries][heads][128].
struct MlaPrefillBuffers {
    const Bf16 *q, *k, *v;
    Bf16* out;
};

inline bool supported(const MlaPrefillShape& /*shape*/, int sm) {
    return has_large_shared_memory(sm);
}

/// Bytes of each operand.
struct MlaPrefillBytes {
    std::int64_t q, k, v, out;
};
inline MlaPrefillBytes bytes_of(const MlaPrefillShape& s) {
    const std::int64_t queries = std::int64_t(s.batch) * s.queries * s.heads;
    const std::int64_t keys    = std::int64_t(s.batch) * s.keys * s.heads;
    return {queries * 192 * 2, keys * 192 * 2, keys * 128 * 2, queries * 128 * 2};
}

void launch_mla_prefill(const MlaPrefillShape& shape, const MlaPrefillBuffers& buffers, cudaStream_t stream);

}  // namespace isobath::kernels
