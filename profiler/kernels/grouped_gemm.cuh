/// Grouped product on tensor cores: a persistent grid over the tiles of experts that have rows.
///
/// Tiles are kRows x 128 of d; a stage is 128 B of k (128 E4M3 or 64 BF16). FP8 and BF16 fragments have the
/// same bytes in the same lanes, so both run through one pipeline, which does not drain between tiles.
#pragma once

#include "profiler/kernels/grouped_gemm.h"
#include "profiler/kernels/simt.cuh"

namespace isobath::kernels::grouped {

using simt::Shared;

inline constexpr int kThreads = 256, kColumns = 128, kStageBytes = 128;

/// How eight warps share a tile, and how many stages fit into 163 KiB.
template <int kRows>
struct Tile {
    static constexpr int kWarpRows    = kRows >= 64 ? kRows / 2 : kRows;
    static constexpr int kWarpColumns = kRows >= 64 ? kColumns / 4 : kColumns / 8;
    static constexpr int kM           = kWarpRows / 16;
    static constexpr int kN           = kWarpColumns / 8;
    static constexpr int kStages      = kRows == 128 ? 4 : kRows == 64 ? 6 : 8;
    static constexpr int kABytes      = kRows * kStageBytes;
    static constexpr int kBytes       = kABytes + kColumns * kStageBytes;
    static constexpr int kShared      = kStages * kBytes;

    static ISOBATH_DEVICE int first_row() {
        return simt::thread() / 32 / (kColumns / kWarpColumns) * kWarpRows;
    }
    static ISOBATH_DEVICE int first_column() {
        return simt::thread() / 32 % (kColumns / kWarpColumns) * kWarpColumns;
    }
    static ISOBATH_DEVICE Shared stage(int i) { return simt::shared_base() + Shared(i % kStages * kBytes); }
};

/// Walks the stages of this block's tiles. Within an expert rows go fastest, so that neighbours share weights
/// in L2.
template <int kRows>
struct Cursor {
    int tile, expert = 0, before = 0;  ///< `before`: tiles of earlier experts
    int rows_left = 0, column = 0,
        step               = 0;  ///< of the tile: rows in use from its first on, first column, stage
    std::int64_t first_row = 0;  ///< of a and d

    ISOBATH_DEVICE bool valid(const GroupedGemmShape& shape) const { return expert < shape.experts; }

    ISOBATH_DEVICE void find(const GroupedGemmShape& shape, const GroupedGemmBuffers& b) {
        for (; valid(shape); ++expert) {
            const int count = b.counts[expert], high = (count + kRows - 1) / kRows,
                      tiles = high * (shape.n / kColumns);
            if (tile < before + tiles) return enter(shape, b, count, high);
            before += tiles;
        }
    }
    ISOBATH_DEVICE void enter(const GroupedGemmShape& shape, const GroupedGemmBuffers& b, int count,
                              int high) {
        const int row = (tile - before) % high * kRows;
        column        = (tile - before) / high * kColumns;
        rows_left     = count - row;
        first_row =
            (shape.slot_rows > 0 ? std::int64_t(expert) * shape.slot_rows : b.first_row[expert]) + row;
    }
    /// True when the tile that was left is complete.
    ISOBATH_DEVICE bool next(const GroupedGemmShape& shape, const GroupedGemmBuffers& b, int steps) {
        if (++step < steps) return false;
        step = 0;
        tile += simt::grid_x();
        find(shape, b);
        return true;
    }
};

/// Starts to load 128 B of each row; chunk c of row r goes to chunk c ^ (r % 8), rows from `count` on are
/// zeros.
template <int kRows>
ISOBATH_DEVICE void load_rows(Shared to, const char* from, std::int64_t stride, int count) {
    ISOBATH_UNROLL
    for (int r = 0; r < kRows; r += kThreads / 8) {
        const int row = r + simt::thread() / 8, chunk = simt::thread() % 8;
        if (row < kRows)
            simt::copy_async(to + Shared(row * kStageBytes + (chunk ^ (row % 8)) * 16),
                             from + row * stride + chunk * 16, row < count);
    }
}

/// What a launch computes, as the device sees it.
struct Problem {
    GroupedGemmShape shape;
    GroupedGemmBuffers b;
    int row_bytes;

    ISOBATH_DEVICE int steps() const { return row_bytes / kStageBytes; }
};

template <int kRows>
ISOBATH_DEVICE void load_stage(Cursor<kRows>& at, const Problem& p, Shared to) {
    if (at.valid(p.shape)) {
        const std::int64_t k      = at.step * kStageBytes,
                           column = std::int64_t(at.expert) * p.shape.n + at.column;
        load_rows<kRows>(to, static_cast<const char*>(p.b.a) + at.first_row * p.row_bytes + k, p.row_bytes,
                         at.rows_left);
        load_rows<kColumns>(to + Tile<kRows>::kABytes,
                            static_cast<const char*>(p.b.b) + column * p.row_bytes + k, p.row_bytes,
                            kColumns);
        at.next(p.shape, p.b, p.steps());
    }
    simt::copy_commit();
}

template <int kRows>
using Sums = float[Tile<kRows>::kM][Tile<kRows>::kN][4];

template <bool kFp8>
ISOBATH_DEVICE void multiply(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    if constexpr (kFp8)
        simt::multiply_e4m3(d, a, b0, b1);
    else
        simt::multiply_bf16(d, a, b0, b1);
}

/// sums += a * b^T over the 128 B of a stage, four steps of 32 B, for `kM` of the warp's fragments from
/// `first` on.
template <bool kFp8, int kRows, int kM>
ISOBATH_DEVICE void multiply_stage(float (&sums)[kM][Tile<kRows>::kN][4], int first, Shared stage) {
    using T        = Tile<kRows>;
    const int lane = simt::thread() % 32, r = lane % 8;
    const Shared a_row = stage + Shared((T::first_row() + first * 16 + lane % 16) * kStageBytes);
    const Shared b_row = stage + Shared(T::kABytes + (T::first_column() + lane / 16 * 8 + r) * kStageBytes);
    ISOBATH_UNROLL_BY(kFp8 && kRows == 128 ? 1 : 4)  // unrolled, the widest tile would spill registers
    for (int step = 0; step < 4; ++step) {
        std::uint32_t a[kM][4], b[T::kN / 2][4];
        ISOBATH_UNROLL
        for (int m = 0; m < kM; ++m)
            simt::load_matrix(a[m], a_row + Shared(m * 16 * kStageBytes + ((2 * step + lane / 16) ^ r) * 16));
        ISOBATH_UNROLL
        for (int n = 0; n < T::kN / 2; ++n)
            simt::load_matrix(b[n],
                              b_row + Shared(n * 16 * kStageBytes + ((2 * step + lane / 8 % 2) ^ r) * 16));
        ISOBATH_UNROLL
        for (int m = 0; m < kM; ++m) ISOBATH_UNROLL
        for (int n = 0; n < T::kN; ++n)
            multiply<kFp8>(sums[m][n], a[m], b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
    }
}

template <int kRows>
ISOBATH_DEVICE void clear(Sums<kRows>& sums) {
    ISOBATH_UNROLL
    for (int m = 0; m < Tile<kRows>::kM; ++m) ISOBATH_UNROLL
    for (int n = 0; n < Tile<kRows>::kN; ++n) ISOBATH_UNROLL
    for (int i = 0; i < 4; ++i) sums[m][n][i] = 0;
}

/// Products of both scales for this lane's rows: lane / 4 + 8 h. Asked for before the stage is multiplied.
template <int kRows>
ISOBATH_DEVICE void load_scales(float (&scales)[2 * Tile<kRows>::kM], const Cursor<kRows>& at,
                                const Problem& p) {
    const std::int64_t block = (std::int64_t(at.expert) * p.shape.n + at.column) / kColumns;
    const float b            = p.b.b_scales[block * p.steps() + at.step];
    const int first          = Tile<kRows>::first_row() + simt::thread() % 32 / 4;
    ISOBATH_UNROLL
    for (int h = 0; h < 2 * Tile<kRows>::kM; ++h) {
        const int r = first + 8 * h;
        scales[h]   = r < at.rows_left ? b * p.b.a_scales[(at.first_row + r) * p.steps() + at.step] : 0.F;
    }
}

/// Sums of one stage are scaled and added in FP32, at most two fragments of rows at a time: more registers
/// than a thread has would be needed for four.
template <int kRows>
ISOBATH_DEVICE void add_fp8_stage(Sums<kRows>& sums, const Cursor<kRows>& at, const Problem& p,
                                  Shared stage) {
    constexpr int kM = Tile<kRows>::kM, kPart = kM < 2 ? kM : 2;
    float scales[2 * kM];
    load_scales<kRows>(scales, at, p);
    ISOBATH_UNROLL
    for (int first = 0; first < kM; first += kPart) {
        float part[kPart][Tile<kRows>::kN][4] = {};
        multiply_stage<true, kRows, kPart>(part, first, stage);
        ISOBATH_UNROLL
        for (int m = 0; m < kPart; ++m) ISOBATH_UNROLL
        for (int n = 0; n < Tile<kRows>::kN; ++n) ISOBATH_UNROLL
        for (int i = 0; i < 4; ++i) sums[first + m][n][i] += part[m][n][i] * scales[2 * (first + m) + i / 2];
    }
}

template <bool kFp8, int kRows>
ISOBATH_DEVICE void add_stage(Sums<kRows>& sums, const Cursor<kRows>& at, const Problem& p, Shared stage) {
    if constexpr (kFp8)
        add_fp8_stage<kRows>(sums, at, p, stage);
    else
        multiply_stage<false, kRows, Tile<kRows>::kM>(sums, 0, stage);
}

template <int kRows>
ISOBATH_DEVICE void store_tile(const Sums<kRows>& sums, const Cursor<kRows>& at, const Problem& p) {
    const int first  = Tile<kRows>::first_row() + simt::thread() % 32 / 4;
    const int column = at.column + Tile<kRows>::first_column() + simt::thread() % 4 * 2;
    Bf16* const to   = p.b.d + at.first_row * p.shape.n + column;
    ISOBATH_UNROLL
    for (int h = 0; h < 2 * Tile<kRows>::kM; ++h) {
        const int r = first + 8 * h;
        if (r >= at.rows_left) continue;
        ISOBATH_UNROLL
        for (int n = 0; n < Tile<kRows>::kN; ++n)
            simt::store(to + std::int64_t(r) * p.shape.n + n * 8,
                        simt::pack_bf16(sums[h / 2][n][h % 2 * 2], sums[h / 2][n][h % 2 * 2 + 1]));
    }
}

template <bool kFp8, int kRows>
ISOBATH_KERNEL(kThreads)
grouped_gemm_kernel(GroupedGemmShape shape, GroupedGemmBuffers b) {
    using T = Tile<kRows>;
    const Problem p{shape, b, kFp8 ? shape.k : 2 * shape.k};
    Cursor<kRows> adding{simt::block_x()};
    adding.find(shape, b);
    Cursor<kRows> loading = adding;
    Sums<kRows> sums;
    clear<kRows>(sums);
    for (int i = 0; i < T::kStages - 1; ++i) load_stage<kRows>(loading, p, T::stage(i));
    ISOBATH_ROLLED
    for (int i = 0; adding.valid(shape); ++i) {
        simt::copy_wait<T::kStages - 2>();
        simt::barrier();  // stage i is there, stage i - 1 is done with
        load_stage<kRows>(loading, p, T::stage(i + T::kStages - 1));
        add_stage<kFp8, kRows>(sums, adding, p, T::stage(i));
        const Cursor<kRows> done = adding;
        if (!adding.next(shape, b, p.steps())) continue;
        store_tile<kRows>(sums, done, p);
        clear<kRows>(sums);
    }
    simt::copy_wait<0>();
}

}  // namespace isobath::kernels::grouped
