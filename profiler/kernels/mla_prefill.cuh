/// MLA prefill in the manner of FlashAttention-2 (Dao, 2023).
///
/// A block takes 128 queries of one head, a warp 16 of them with all 64 keys of a tile, so that softmax stays
/// within the warp and probabilities go from accumulators to operands without leaving registers. Q lives in
/// registers; the next tile of K and V arrives while one is computed.
#pragma once

#include "profiler/kernels/mla_prefill.h"
#include "profiler/kernels/softmax.cuh"

namespace isobath::kernels::prefill {

using simt::Shared;

inline constexpr int kThreads = 256, kQueries = 128, kKeys = 64, kKeyDim = 192, kValueDim = 128;
inline constexpr int kKeyBytes = kKeyDim * 2, kValueBytes = kValueDim * 2;
inline constexpr int kQBytes = kQueries * kKeyBytes, kKBytes = kKeys * kKeyBytes,
                     kVBytes      = kKeys * kValueBytes;
inline constexpr int kSharedBytes = kQBytes + 2 * (kKBytes + kVBytes);

ISOBATH_DEVICE Shared key_tile(int i) {
    return simt::shared_base() + Shared(kQBytes + i % 2 * (kKBytes + kVBytes));
}
ISOBATH_DEVICE Shared value_tile(int i) {
    return key_tile(i) + kKBytes;
}

/// Starts to load rows that are `stride` elements apart; chunk c of row r goes to chunk c ^ (r % 8).
template <int kRows, int kBytes>
ISOBATH_DEVICE void load_rows(Shared to, const Bf16* from, std::int64_t stride, int count) {
    ISOBATH_UNROLL
    for (int r = 0; r < kRows; r += kThreads / 8) {
        const int row = r + simt::thread() / 8, chunk = simt::thread() % 8;
        ISOBATH_UNROLL
        for (int j = 0; j < kBytes / 128; ++j)
            simt::copy_async(to + Shared(row * kBytes + j * 128 + (chunk ^ (row % 8)) * 16),
                             from + row * stride + j * 64 + chunk * 8, row < count);
    }
}

/// What this block computes.
struct Work {
    int first_query, request, head;
};
ISOBATH_DEVICE Work work_of_block(const MlaPrefillShape& shape) {
    // The last queries see most keys: they start first.
    return {(simt::grid_x() - 1 - simt::block_x()) * kQueries, simt::block_y() / shape.heads,
            simt::block_y() % shape.heads};
}

/// First key that a query does not see.
ISOBATH_DEVICE int limit_of(const MlaPrefillShape& shape, int query) {
    const int limit = shape.keys - shape.queries + query + 1;
    return limit < shape.keys ? limit : shape.keys;
}

ISOBATH_DEVICE void load_tile(const MlaPrefillShape& shape, const MlaPrefillBuffers& b, const Work& w, int i,
                              int tiles) {
    if (i < tiles) {
        const std::int64_t row = (std::int64_t(w.request) * shape.keys + i * kKeys) * shape.heads + w.head;
        load_rows<kKeys, kKeyBytes>(key_tile(i), b.k + row * kKeyDim, shape.heads * kKeyDim,
                                    shape.keys - i * kKeys);
        load_rows<kKeys, kValueBytes>(value_tile(i), b.v + row * kValueDim, shape.heads * kValueDim,
                                      shape.keys - i * kKeys);
    }
    simt::copy_commit();
}

/// A warp's 16 queries: fragments of Q, running softmax and result of rows lane / 4 and 8 more.
struct State {
    std::uint32_t q[12][4];
    float o[16][4];
    float max[2], sum[2];
    int limit[2];
};

/// Row and chunk, both of four 8 x 16 B matrices, that this lane names for a 16 x 16 operand.
ISOBATH_DEVICE int matrix_row() {
    return simt::thread() % 16;
}
ISOBATH_DEVICE int matrix_chunk() {
    return simt::thread() % 32 / 16;
}

ISOBATH_DEVICE void start(State& s, const MlaPrefillShape& shape, const Work& w) {
    const int warp = simt::thread() / 32, row = warp * 16 + matrix_row();
    ISOBATH_UNROLL
    for (int k = 0; k < 12; ++k)
        simt::load_matrix(s.q[k],
                          simt::shared_base() + Shared(row * kKeyBytes + k / 4 * 128 +
                                                       ((2 * (k % 4) + matrix_chunk()) ^ (row % 8)) * 16));
    ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) s.o[n][i] = 0;
    ISOBATH_UNROLL
    for (int h = 0; h < 2; ++h) {
        s.max[h] = kNothing, s.sum[h] = 0;
        s.limit[h] = limit_of(shape, w.first_query + warp * 16 + simt::thread() % 32 / 4 + 8 * h);
    }
}

/// x (16 x 64) = q * keys, 16 keys at a time.
ISOBATH_DEVICE void make_scores(const State& s, float (&x)[8][4], Shared keys) {
    const int lane = simt::thread() % 32, r = lane % 8, row = lane / 16 * 8 + r;
    ISOBATH_UNROLL
    for (int k = 0; k < 12; ++k) ISOBATH_UNROLL
    for (int n = 0; n < 4; ++n) {
        std::uint32_t b[4];
        const int chunk = k / 4 * 8 + ((2 * (k % 4) + lane / 8 % 2) ^ r);
        simt::load_matrix(b, keys + Shared((n * 16 + row) * kKeyBytes + chunk * 16));
        simt::multiply_bf16(x[2 * n], s.q[k], b[0], b[1]);
        simt::multiply_bf16(x[2 * n + 1], s.q[k], b[2], b[3]);
    }
}

/// Scores to probabilities of row `h`; the result so far shrinks to the new maximum.
ISOBATH_DEVICE void soften(State& s, float (&x)[8][4], int h, int first_key, float scale) {
    float largest = s.max[h];
    ISOBATH_UNROLL
    for (int n = 0; n < 8; ++n) ISOBATH_UNROLL
    for (int i = 2 * h; i < 2 * h + 2; ++i) {
        const int key = first_key + n * 8 + simt::thread() % 4 * 2 + i % 2;
        x[n][i]       = key < s.limit[h] ? x[n][i] * scale : -INFINITY;
        largest       = fmaxf(largest, x[n][i]);
    }
    largest            = quad_max(largest);
    const float shrink = simt::exp2_fast(s.max[h] - largest);
    s.max[h]           = largest;
    s.sum[h] *= shrink;
    ISOBATH_UNROLL
    for (int n = 0; n < 8; ++n) ISOBATH_UNROLL
    for (int i = 2 * h; i < 2 * h + 2; ++i) s.sum[h] += x[n][i] = simt::exp2_fast(x[n][i] - largest);
    ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n) s.o[n][2 * h] *= shrink, s.o[n][2 * h + 1] *= shrink;
}

/// o += p (16 x 64) * values (64 x 128).
ISOBATH_DEVICE void add_values(State& s, const float (&p)[8][4], Shared values) {
    const int r = simt::thread() % 8;
    ISOBATH_UNROLL
    for (int k = 0; k < 4; ++k) {
        const std::uint32_t a[4] = {simt::pack_bf16(p[2 * k][0], p[2 * k][1]),
                                    simt::pack_bf16(p[2 * k][2], p[2 * k][3]),
                                    simt::pack_bf16(p[2 * k + 1][0], p[2 * k + 1][1]),
                                    simt::pack_bf16(p[2 * k + 1][2], p[2 * k + 1][3])};
        ISOBATH_UNROLL
        for (int n = 0; n < 8; ++n) {
            std::uint32_t b[4];
            const int chunk = n / 4 * 8 + ((2 * (n % 4) + matrix_chunk()) ^ r);
            simt::load_matrix_transposed(b,
                                         values + Shared((k * 16 + matrix_row()) * kValueBytes + chunk * 16));
            simt::multiply_bf16(s.o[2 * n], a, b[0], b[1]);
            simt::multiply_bf16(s.o[2 * n + 1], a, b[2], b[3]);
        }
    }
}

ISOBATH_DEVICE void finish_row(const State& s, int h, const MlaPrefillShape& shape,
                               const MlaPrefillBuffers& b, const Work& w) {
    const float inverse = 1 / quad_sum(s.sum[h]);
    const int query     = w.first_query + simt::thread() / 32 * 16 + simt::thread() % 32 / 4 + 8 * h;
    if (query >= shape.queries) return;
    const std::int64_t row = (std::int64_t(w.request) * shape.queries + query) * shape.heads + w.head;
    Bf16* const to         = b.out + row * kValueDim + simt::thread() % 4 * 2;
    ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n)
        simt::store(to + n * 8, simt::pack_bf16(s.o[n][2 * h] * inverse, s.o[n][2 * h + 1] * inverse));
}

ISOBATH_DEVICE void load_queries(const MlaPrefillShape& shape, const MlaPrefillBuffers& b, const Work& w) {
    const std::int64_t row = (std::int64_t(w.request) * shape.queries + w.first_query) * shape.heads + w.head;
    load_rows<kQueries, kKeyBytes>(simt::shared_base(), b.q + row * kKeyDim, shape.heads * kKeyDim,
                                   shape.queries - w.first_query);
}

ISOBATH_KERNEL(kThreads) prefill_kernel(MlaPrefillShape shape, MlaPrefillBuffers b) {
    const Work w    = work_of_block(shape);
    const int tiles = (limit_of(shape, w.first_query + kQueries - 1) + kKeys - 1) / kKeys;
    State s;
    load_queries(shape, b, w);
    load_tile(shape, b, w, 0, tiles);
    ISOBATH_ROLLED
    for (int i = 0; i < tiles; ++i) {
        simt::copy_wait<0>();
        simt::barrier();  // tile i is there, tile i - 1 is done with
        if (i == 0) start(s, shape, w);
        load_tile(shape, b, w, i + 1, tiles);
        float x[8][4] = {};
        make_scores(s, x, key_tile(i));
        soften(s, x, 0, i * kKeys, shape.scale * kLog2E);
        soften(s, x, 1, i * kKeys, shape.scale * kLog2E);
        add_values(s, x, value_tile(i));
    }
    simt::copy_wait<0>();
    finish_row(s, 0, shape, b, w);
    finish_row(s, 1, shape, b, w);
}

}  // namespace isobath::kernels::prefill
