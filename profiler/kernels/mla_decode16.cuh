/// Absorbed MLA decode of up to 16 query rows: bound by HBM, so everything serves the stream of tiles.
///
/// Tiles of 32 tokens run through a ring that never drains between requests. All of Q lives in registers:
/// scores are divided among warps by 8 tokens and by halves of the 576 elements (chunks 0-3 and 4-7 of each
/// 128 B), the halves meet in shared memory. Each warp then makes the whole softmax, 16 x 32, for itself,
/// straight into the fragments of its product with 64 of the 512 columns. Scores of tile i + 1 are made
/// before the values of tile i, which takes one barrier per tile (two where FP8 is expanded).
#pragma once

#include "profiler/kernels/mla_cache.cuh"

namespace isobath::kernels::mla16 {

inline constexpr int kTile        = 32;
inline constexpr int kTileBytes   = kTile * kRowBytes;
inline constexpr int kRawBytes    = kTile * kFp8TokenBytes;
inline constexpr int kScoreStride = 40 * 4;  ///< of 32 floats; 8 more put four rows into different banks
inline constexpr int kHalfBytes   = 16 * kScoreStride;

/// Where things lie in shared memory: scores (2 tiles x 2 halves), then tiles, then raw FP8.
template <bool kFp8, int kStages>
struct Layout {
    static constexpr int kTiles = 4 * kHalfBytes;
    static constexpr int kRaw   = kTiles + 2 * kTileBytes;
    static constexpr int kBytes = kFp8 ? kRaw + kStages * kRawBytes : kTiles + kStages * kTileBytes;
    static constexpr int kAhead = kFp8 ? kStages : kStages - 1;  ///< loads under way before the first is used

    static ISOBATH_DEVICE Shared tile(int i) {
        return simt::shared_base() + Shared(kTiles + i % (kFp8 ? 2 : kStages) * kTileBytes);
    }
    static ISOBATH_DEVICE Shared arrival(int i) {
        return kFp8 ? simt::shared_base() + Shared(kRaw + i % kStages * kRawBytes) : tile(i);
    }
    static ISOBATH_DEVICE Shared scores(int i) {
        return simt::shared_base() + Shared(i % 2 * 2 * kHalfBytes);
    }
};

/// Fragments of Q for this warp's half: per 128 B of a row, two steps of 16.
struct Queries {
    std::uint32_t a[9][2][4];
};

ISOBATH_DEVICE std::uint32_t query_pair(const Bf16* row, bool inside, int k) {
    return inside ? simt::load<std::uint32_t>(row + k) : 0;
}

ISOBATH_DEVICE void load_queries(Queries& q, const MlaDecodeShape& shape, const Bf16* all, int request) {
    const int half = simt::thread() / 128, row = simt::thread() % 32 / 4, pair = simt::thread() % 4 * 2;
    const Bf16* const first = all + (std::int64_t(request) * shape.rows() + row) * kMlaKey;
    ISOBATH_UNROLL
    for (int s = 0; s < 9; ++s) ISOBATH_UNROLL
    for (int step = 0; step < 2; ++step) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i)
        q.a[s][step][i] = query_pair(first + i % 2 * 8 * kMlaKey, row + i % 2 * 8 < shape.rows(),
                                     s * 64 + half * 32 + step * 16 + i / 2 * 8 + pair);
}

/// This warp's half of the scores of 8 tokens.
ISOBATH_DEVICE void make_scores(const Queries& q, Shared tile, Shared scores) {
    const int warp = simt::thread() / 32, lane = simt::thread() % 32, half = warp / 4, r = lane % 8;
    const Shared keys = tile + Shared((warp % 4 * 8 + r) * kRowBytes + ((half * 4 + lane / 8) ^ r) * 16);
    float sum[2][4]   = {};
    ISOBATH_UNROLL
    for (int s = 0; s < 9; ++s) {
        std::uint32_t k[4];
        simt::load_matrix(k, keys + Shared(s * 128));
        simt::multiply_bf16(sum[0], q.a[s][0], k[0], k[1]);
        simt::multiply_bf16(sum[1], q.a[s][1], k[2], k[3]);
    }
    const Shared to =
        scores + Shared(half * kHalfBytes + lane / 4 * kScoreStride + (warp % 4 * 8 + lane % 4 * 2) * 4);
    simt::store_shared(to, Two{sum[0][0] + sum[1][0], sum[0][1] + sum[1][1]});
    simt::store_shared(to + 8 * kScoreStride, Two{sum[0][2] + sum[1][2], sum[0][3] + sum[1][3]});
}

/// Of rows lane / 4 and 8 more: running softmax, and this warp's 64 columns of the result.
struct Result {
    float o[8][4];
    float max[2], sum[2];
    int limit[2];  ///< first token that the row does not see
};

ISOBATH_DEVICE void start(Result& r, const MlaDecodeShape& shape, int context) {
    ISOBATH_UNROLL
    for (int n = 0; n < 8; ++n) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) r.o[n][i] = 0;
    ISOBATH_UNROLL
    for (int h = 0; h < 2; ++h) {
        r.max[h] = kNothing, r.sum[h] = 0;
        r.limit[h] = limit_of(shape, context, simt::thread() % 32 / 4 + 8 * h);
    }
}

/// Scores of row `h` (0, 1) as this lane's fragments need them: per step of 16 tokens, pairs at 2t and 2t
/// + 8.
ISOBATH_DEVICE void read_scores(float (&s)[8], Shared scores, int h) {
    const int lane    = simt::thread() % 32;
    const Shared from = scores + Shared((lane / 4 + 8 * h) * kScoreStride + lane % 4 * 8);
    ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) {
        const auto a = simt::load_shared<Two>(from + Shared(i * 32));
        const auto b = simt::load_shared<Two>(from + Shared(kHalfBytes + i * 32));
        s[2 * i] = a.x + b.x, s[2 * i + 1] = a.y + b.y;
    }
}

/// Takes away the scores of tokens that the row does not see; most tiles have none.
ISOBATH_DEVICE void mask(float (&s)[8], int first_token, int limit) {
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i) {
        const int token = first_token + i / 2 * 8 + simt::thread() % 4 * 2 + i % 2;
        if (token >= limit) s[i] = -INFINITY;
    }
}

/// Scores to probabilities of row `h`; what the result so far must be multiplied by.
ISOBATH_DEVICE float soften(Result& r, float (&s)[8], int h, float scale) {
    float largest = s[0];
    ISOBATH_UNROLL
    for (int i = 1; i < 8; ++i) largest = fmaxf(largest, s[i]);
    largest            = fmaxf(quad_max(largest) * scale, r.max[h]);
    const float shrink = simt::exp2_fast(r.max[h] - largest);
    r.max[h]           = largest;
    r.sum[h] *= shrink;
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i) r.sum[h] += s[i] = simt::exp2_fast(s[i] * scale - largest);
    return shrink;
}

/// o += p (16 x 32) * values (32 x 64 of this warp).
ISOBATH_DEVICE void add_values(Result& r, const float (&p0)[8], const float (&p1)[8], Shared tile) {
    const int warp = simt::thread() / 32, lane = simt::thread() % 32, row = lane % 8;
    const Shared values = tile + Shared((lane / 8 % 2 * 8 + row) * kRowBytes + warp * 128);
    ISOBATH_UNROLL
    for (int step = 0; step < 2; ++step) {
        const int i              = step * 4;
        const std::uint32_t p[4] = {simt::pack_bf16(p0[i], p0[i + 1]), simt::pack_bf16(p1[i], p1[i + 1]),
                                    simt::pack_bf16(p0[i + 2], p0[i + 3]),
                                    simt::pack_bf16(p1[i + 2], p1[i + 3])};
        ISOBATH_UNROLL
        for (int n = 0; n < 4; ++n) {
            std::uint32_t v[4];
            simt::load_matrix_transposed(
                v, values + Shared(step * 16 * kRowBytes + ((2 * n + lane / 16) ^ row) * 16));
            simt::multiply_bf16(r.o[2 * n], p, v[0], v[1]);
            simt::multiply_bf16(r.o[2 * n + 1], p, v[2], v[3]);
        }
    }
}

ISOBATH_DEVICE void shrink_result(Result& r, float shrink0, float shrink1) {
    ISOBATH_UNROLL
    for (int n = 0; n < 8; ++n) {
        r.o[n][0] *= shrink0, r.o[n][1] *= shrink0;
        r.o[n][2] *= shrink1, r.o[n][3] *= shrink1;
    }
}

ISOBATH_DEVICE void add_tile(Result& r, Shared scores, Shared tile, int first_token, float scale) {
    float p0[8], p1[8];
    read_scores(p0, scores, 0);
    read_scores(p1, scores, 1);
    if (simt::ballot(first_token + kTile > (r.limit[0] < r.limit[1] ? r.limit[0] : r.limit[1])) != 0) {
        mask(p0, first_token, r.limit[0]);
        mask(p1, first_token, r.limit[1]);
    }
    const float shrink0 = soften(r, p0, 0, scale), shrink1 = soften(r, p1, 1, scale);
    if (simt::ballot(shrink0 != 1 || shrink1 != 1) != 0) shrink_result(r, shrink0, shrink1);
    add_values(r, p0, p1, tile);
}

ISOBATH_DEVICE void finish_row(const Result& r, int h, const MlaDecodeShape& shape, const MlaDecodeBuffers& b,
                               MlaPart part) {
    const int lane = simt::thread() % 32, row = lane / 4 + 8 * h,
              column    = simt::thread() / 32 * 64 + lane % 4 * 2;
    const float sum     = quad_sum(r.sum[h]);
    const float inverse = sum > 0 ? 1 / sum : 0;
    if (row >= shape.rows()) return;
    const std::int64_t to = std::int64_t(part.slot < 0 ? part.request : part.slot) * shape.rows() + row;
    ISOBATH_UNROLL
    for (int n = 0; n < 8; ++n) {
        const float x = r.o[n][2 * h] * inverse, y = r.o[n][2 * h + 1] * inverse;
        if (part.slot < 0)
            simt::store(b.out + to * kLatent + column + n * 8, simt::pack_bf16(x, y));
        else
            simt::store(b.partial + to * kLatent + column + n * 8, Two{x, y});
    }
    if (part.slot >= 0 && column == 0)
        b.partial_lse[to] = sum > 0 ? r.max[h] + simt::log2_fast(sum) : kNothing;
}

/// Where the loader, the scores and the values are in the sequence of tiles: ever later.
template <bool kFp8, int kStages>
struct Block {
    using L = Layout<kFp8, kStages>;
    const MlaDecodeShape& shape;
    const MlaDecodeBuffers& b;
    float scale;
    TileCursor<kTile> loading, scoring, adding;
    Queries q;
    Result r;

    /// Scores of tile i, which has landed; the block has met since.
    ISOBATH_DEVICE void score(int i, bool new_part) {
        if (new_part) load_queries(q, shape, b.q, scoring.request);
        make_scores(q, L::tile(i), L::scores(i));
    }

    ISOBATH_DEVICE void expand_fp8(int i) {
        if constexpr (kFp8) {
            dequantise_tile<kTile>(L::arrival(i), L::tile(i));
            simt::barrier();
        }
    }

    ISOBATH_DEVICE void begin() {
        for (int i = 0; i < L::kAhead; ++i) load_tile<kFp8>(loading, L::arrival(i));
        simt::copy_wait<L::kAhead - 1>();
        simt::barrier();
        expand_fp8(0);
        score(0, true);
        start(r, shape, b.contexts[adding.request]);
    }

    ISOBATH_DEVICE void finish_part() {
        const MlaPart part = b.parts[adding.part];
        finish_row(r, 0, shape, b, part);
        finish_row(r, 1, shape, b, part);
    }

    ISOBATH_DEVICE void step(int i) {
        simt::copy_wait<L::kAhead - 2>();  // tile i + 1
        simt::barrier();                   // ... of all; scores of tile i; values of tile i - 1 are done with
        load_tile<kFp8>(loading, L::arrival(i + L::kAhead));
        const bool new_part = scoring.next();
        if (scoring.valid()) {
            expand_fp8(i + 1);
            score(i + 1, new_part);
        }
        add_tile(r, L::scores(i), L::tile(i), adding.token, scale);
        if (new_part) finish_part();
        adding.next();
        if (new_part && adding.valid()) start(r, shape, b.contexts[adding.request]);
    }
};

template <bool kFp8, int kStages>
ISOBATH_KERNEL(kMlaThreads)
decode_kernel(MlaDecodeShape shape, MlaDecodeBuffers b) {
    const auto tiles = tiles_of_block<kTile>(b, shape.table_width);
    if (!tiles.valid()) return;
    Block<kFp8, kStages> block{shape, b, shape.scale * kLog2E, tiles, tiles, tiles};
    block.begin();
    for (int i = 0; block.adding.valid(); ++i) block.step(i);
    simt::copy_wait<0>();
}

}  // namespace isobath::kernels::mla16
