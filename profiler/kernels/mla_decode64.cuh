/// Absorbed MLA decode of 64 query rows per block: bound by tensor cores and shared memory.
///
/// Eight warps as 2 x 4. Scores: a warp makes 32 rows x a quarter of the tile's tokens, Q and keys from
/// shared memory; rows' maxima and the probabilities go through shared memory among the four warps of the
/// same 32 rows, which wait for each other alone. Values: a warp makes 32 rows x 128 of the 512 columns, 128
/// accumulators per thread. While a tile is computed the next one arrives.
///
/// wgmma would read operands from shared memory once per four warps and leave more of its bandwidth; it
/// cannot be checked without a Hopper GPU, mma.sync can.
#pragma once

#include "profiler/kernels/mla_cache.cuh"

namespace isobath::kernels::mla64 {

inline constexpr int kRows       = 64;
inline constexpr int kQueryBytes = kRows * kRowBytes;
inline constexpr int kMaxBytes   = kRows * 4 * 4;

/// Shared memory: maxima [64][4], P [64][kTile], Q, tiles (two of BF16, or one and one of raw FP8).
template <bool kFp8, int kTile>
struct Layout {
    static constexpr int kP     = kMaxBytes;
    static constexpr int kQ     = kP + kRows * kTile * 2;
    static constexpr int kTiles = kQ + kQueryBytes;
    static constexpr int kRaw   = kTiles + kTile * kRowBytes;
    static constexpr int kBytes = kRaw + kTile * (kFp8 ? kFp8TokenBytes : kRowBytes);

    static ISOBATH_DEVICE Shared at(int offset) { return simt::shared_base() + Shared(offset); }
    static ISOBATH_DEVICE Shared tile(int i) { return at(kFp8 || i % 2 == 0 ? kTiles : kRaw); }
    static ISOBATH_DEVICE Shared arrival(int i) { return kFp8 ? at(kRaw) : tile(i); }
};

struct Warp {
    int rows, quarter, lane;  ///< first of 32 rows; which quarter of tokens and columns
};
ISOBATH_DEVICE Warp this_warp() {
    const int warp = simt::thread() / 32;
    return {warp / 4 * 32, warp % 4, simt::thread() % 32};
}

/// Waits for the four warps of the same rows.
ISOBATH_DEVICE void meet(Warp w) {
    simt::barrier(1 + w.rows / 32, 128);
}

/// Of rows lane / 4 + {0, 8, 16, 24}: running softmax (sums over this warp's tokens alone), and 128 columns.
struct Result {
    float o[2][16][4];
    float max[4], sum[4];
    int limit[4];
};

ISOBATH_DEVICE void start(Result& r, const MlaDecodeShape& shape, int context, int first_row) {
    ISOBATH_UNROLL
    for (int m = 0; m < 2; ++m) ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) r.o[m][n][i] = 0;
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) {
        r.max[h] = kNothing, r.sum[h] = 0;
        r.limit[h] = limit_of(shape, context, first_row + this_warp().rows + this_warp().lane / 4 + 8 * h);
    }
}

/// Two 16 x 16 fragments, the second 16 rows below.
ISOBATH_DEVICE void load_rows(std::uint32_t (&a)[2][4], Shared first, int stride) {
    simt::load_matrix(a[0], first);
    simt::load_matrix(a[1], first + Shared(16 * stride));
}

/// Scores of 32 rows and 16 tokens (two fragments side by side) or 8 (one), all 576 elements.
template <int kTile>
ISOBATH_DEVICE void make_scores(float (&s)[2][kTile / 32][4], Shared q, Shared tile) {
    const Warp w = this_warp();
    const int r = w.lane % 8, quarter = w.lane / 8;
    const Shared q_row = q + Shared((w.rows + quarter % 2 * 8 + r) * kRowBytes);
    const int key      = w.quarter * (kTile / 4) + (kTile == 64 ? quarter / 2 * 8 : 0) + r;
    const Shared k_row = tile + Shared(key * kRowBytes);
    std::uint32_t k[4] = {};
    ISOBATH_UNROLL
    for (int group = 0; group < kRowBytes / 128; ++group) ISOBATH_UNROLL
    for (int step = 0; step < 4; ++step) {
        std::uint32_t a[2][4];
        load_rows(a, q_row + Shared(group * 128 + ((2 * step + quarter / 2) ^ r) * 16), kRowBytes);
        if constexpr (kTile == 64) {
            simt::load_matrix(k, k_row + Shared(group * 128 + ((2 * step + quarter % 2) ^ r) * 16));
        } else if (step % 2 == 0) {  // four chunks of eight tokens: this step and the next
            simt::load_matrix(k, k_row + Shared(group * 128 + ((2 * step + quarter) ^ r) * 16));
        }
        ISOBATH_UNROLL
        for (int m = 0; m < 2; ++m) ISOBATH_UNROLL
        for (int n = 0; n < kTile / 32; ++n) {
            const int b = kTile == 64 ? 2 * n : 2 * (step % 2);
            simt::multiply_bf16(s[m][n], a[m], k[b], k[b + 1]);
        }
    }
}

/// One number per row of this warp, combined with those of the three others through [64][4] in shared memory.
template <class Combine>
ISOBATH_DEVICE void combine_rows(float (&x)[4], Combine combine) {
    const Warp w     = this_warp();
    const Shared row = simt::shared_base() + Shared((w.rows + w.lane / 4) * 16);
    if (w.lane % 4 == 0) ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) simt::store_shared(row + Shared(h * 8 * 16 + w.quarter * 4), x[h]);
    meet(w);
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) {
        const auto all = simt::load_shared<simt::Words>(row + Shared(h * 8 * 16));
        x[h] = combine(combine(float_of(all.x), float_of(all.y)), combine(float_of(all.z), float_of(all.w)));
    }
}

/// Scales, masks, and finds each row's new maximum; `shrink` is what the result so far must be multiplied by.
template <int kTile>
ISOBATH_DEVICE void find_maxima(Result& r, float (&s)[2][kTile / 32][4], float (&shrink)[4], int first_token,
                                float scale) {
    const Warp w    = this_warp();
    const int first = first_token + w.quarter * (kTile / 4) + w.lane % 4 * 2;
    float largest[4];
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) {
        largest[h] = r.max[h];
        ISOBATH_UNROLL
        for (int n = 0; n < kTile / 32; ++n) ISOBATH_UNROLL
        for (int i = 0; i < 2; ++i) {
            float& x   = s[h / 2][n][h % 2 * 2 + i];
            x          = first + n * 8 + i < r.limit[h] ? x * scale : -INFINITY;
            largest[h] = fmaxf(largest[h], x);
        }
        largest[h] = quad_max(largest[h]);
    }
    combine_rows(largest, [](float a, float b) { return fmaxf(a, b); });
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) {
        shrink[h] = simt::exp2_fast(r.max[h] - largest[h]);
        r.max[h]  = largest[h];
    }
}

/// Chunks of a row of P, swizzled so that eight rows at one chunk touch all banks once.
template <int kTile>
ISOBATH_DEVICE Shared p_chunk(int row, int chunk) {
    const int swizzle = kTile == 64 ? row % 8 : row / 2 % 4;
    return Shared(row * kTile * 2 + (chunk ^ swizzle) * 16);
}

/// Probabilities to shared memory as BF16, their sums to the result.
template <int kTile>
ISOBATH_DEVICE void store_probabilities(Result& r, const float (&s)[2][kTile / 32][4],
                                        const float (&shrink)[4], Shared p) {
    const Warp w = this_warp();
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) {
        r.sum[h] *= shrink[h];
        ISOBATH_UNROLL
        for (int n = 0; n < kTile / 32; ++n) {
            const float x = simt::exp2_fast(s[h / 2][n][h % 2 * 2] - r.max[h]);
            const float y = simt::exp2_fast(s[h / 2][n][h % 2 * 2 + 1] - r.max[h]);
            r.sum[h] += x + y;
            const int row = w.rows + w.lane / 4 + 8 * h, chunk = w.quarter * (kTile / 32) + n;
            simt::store_shared(p + p_chunk<kTile>(row, chunk) + Shared(w.lane % 4 * 4),
                               simt::pack_bf16(x, y));
        }
    }
}

ISOBATH_DEVICE void shrink_result(Result& r, const float (&shrink)[4]) {
    ISOBATH_UNROLL
    for (int m = 0; m < 2; ++m) ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) r.o[m][n][i] *= shrink[2 * m + i / 2];
}

/// o += p (32 x kTile) * values (kTile x 128).
template <int kTile>
ISOBATH_DEVICE void add_values(Result& r, Shared p, Shared tile) {
    const Warp w  = this_warp();
    const int row = w.lane % 8, half = w.lane / 8 % 2, p_row = w.rows + half * 8 + row;
    const Shared values = tile + Shared((half * 8 + row) * kRowBytes + w.quarter * 256);
    ISOBATH_UNROLL
    for (int step = 0; step < kTile / 16; ++step) {
        std::uint32_t a[2][4];
        load_rows(a, p + p_chunk<kTile>(p_row, 2 * step + w.lane / 16), kTile * 2);
        ISOBATH_UNROLL
        for (int n = 0; n < 8; ++n) {
            std::uint32_t v[4];
            const int chunk = n / 4 * 8 + ((2 * (n % 4) + w.lane / 16) ^ row);
            simt::load_matrix_transposed(v, values + Shared(step * 16 * kRowBytes + chunk * 16));
            ISOBATH_UNROLL
            for (int m = 0; m < 2; ++m) {
                simt::multiply_bf16(r.o[m][2 * n], a[m], v[0], v[1]);
                simt::multiply_bf16(r.o[m][2 * n + 1], a[m], v[2], v[3]);
            }
        }
    }
}

ISOBATH_DEVICE void finish_row(const Result& r, int h, float sum, const MlaDecodeShape& shape,
                               const MlaDecodeBuffers& b, MlaPart part) {
    const Warp w        = this_warp();
    const int row       = simt::block_y() * kRows + w.rows + w.lane / 4 + 8 * h;
    const int column    = w.quarter * 128 + w.lane % 4 * 2;
    const float inverse = sum > 0 ? 1 / sum : 0;
    if (row >= shape.rows()) return;
    const std::int64_t to = std::int64_t(part.slot < 0 ? part.request : part.slot) * shape.rows() + row;
    ISOBATH_UNROLL
    for (int n = 0; n < 16; ++n) {
        const float x = r.o[h / 2][n][h % 2 * 2] * inverse, y = r.o[h / 2][n][h % 2 * 2 + 1] * inverse;
        if (part.slot < 0)
            simt::store(b.out + to * kLatent + column + n * 8, simt::pack_bf16(x, y));
        else
            simt::store(b.partial + to * kLatent + column + n * 8, Two{x, y});
    }
    if (part.slot >= 0 && column == 0)
        b.partial_lse[to] = sum > 0 ? r.max[h] + simt::log2_fast(sum) : kNothing;
}

ISOBATH_DEVICE void finish_part(const Result& r, const MlaDecodeShape& shape, const MlaDecodeBuffers& b,
                                MlaPart part) {
    float sum[4];
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) sum[h] = quad_sum(r.sum[h]);
    combine_rows(sum, [](float x, float y) { return x + y; });
    ISOBATH_UNROLL
    for (int h = 0; h < 4; ++h) finish_row(r, h, sum[h], shape, b, part);
}

/// Makes a tile that has arrived ready, and starts the next one where that may lie now.
template <bool kFp8, int kTile>
ISOBATH_DEVICE void advance_loads(TileCursor<kTile>& loading, int i) {
    using L = Layout<kFp8, kTile>;
    simt::copy_wait<0>();
    simt::barrier();
    if constexpr (kFp8) {
        dequantise_tile<kTile>(L::arrival(i), L::tile(i));
        simt::barrier();
    }
    load_tile<kFp8>(loading, L::arrival(i + 1));
}

template <bool kFp8, int kTile>
ISOBATH_DEVICE void add_tile(Result& r, int i, int first_token, float scale) {
    using L                   = Layout<kFp8, kTile>;
    float s[2][kTile / 32][4] = {}, shrink[4];
    make_scores<kTile>(s, L::at(L::kQ), L::tile(i));
    find_maxima<kTile>(r, s, shrink, first_token, scale);
    store_probabilities<kTile>(r, s, shrink, L::at(L::kP));
    meet(this_warp());
    shrink_result(r, shrink);
    add_values<kTile>(r, L::at(L::kP), L::tile(i));
}

/// Starts to load this block's rows of a request's queries, in the order in which the tiles are kept.
template <bool kFp8, int kTile>
ISOBATH_DEVICE void load_queries(const MlaDecodeShape& shape, const MlaDecodeBuffers& b, int request) {
    const int first = simt::block_y() * kRows;
    load_bf16_rows<kRows>(Layout<kFp8, kTile>::at(Layout<kFp8, kTile>::kQ),
                          b.q + (std::int64_t(request) * shape.rows() + first) * kMlaKey,
                          shape.rows() - first);
    simt::copy_commit();
}

template <bool kFp8, int kTile>
ISOBATH_KERNEL(kMlaThreads)
decode_kernel(MlaDecodeShape shape, MlaDecodeBuffers b) {
    auto adding = tiles_of_block<kTile>(b, shape.table_width), loading = adding;
    if (!adding.valid()) return;
    Result r;
    load_tile<kFp8>(loading, Layout<kFp8, kTile>::arrival(0));
    bool new_part = true;
    ISOBATH_ROLLED
    for (int i = 0; adding.valid(); ++i) {
        const MlaPart part = b.parts[adding.part];
        if (new_part) {
            simt::barrier();  // the last part's queries were read
            load_queries<kFp8, kTile>(shape, b, part.request);
            start(r, shape, b.contexts[part.request], simt::block_y() * kRows);
        }
        advance_loads<kFp8>(loading, i);
        add_tile<kFp8, kTile>(r, i, adding.token, shape.scale * kLog2E);
        new_part = adding.next();
        if (new_part) finish_part(r, shape, b, part);
    }
    simt::copy_wait<0>();
}

}  // namespace isobath::kernels::mla64
