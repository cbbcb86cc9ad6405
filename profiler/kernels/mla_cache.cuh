/// Tiles of the latent cache in shared memory.
///
/// A tile is tokens x 576 BF16; 16-byte chunk c of row r lies at chunk c ^ (r % 8), so that eight rows at one
/// chunk, and one row at eight chunks, touch all banks once. Eight threads load a row: their chunk's low
/// three bits are fixed, and so is the swizzle.
#pragma once

#include "profiler/kernels/mla_decode.h"
#include "profiler/kernels/softmax.cuh"

namespace isobath::kernels {

inline constexpr int kMlaThreads = 256;
inline constexpr int kRowBytes   = kBf16TokenBytes;

using simt::Shared;

/// Walks the tiles of a block's parts in order. The page of the tile at hand was fetched one step ahead.
template <int kTile>
struct TileCursor {
    const MlaDecodeBuffers* b;
    int table_width, part, last_part, token = 0, end = 0, request = 0, page = 0;

    ISOBATH_DEVICE bool valid() const { return part < last_part; }

    ISOBATH_DEVICE void enter_part() {
        if (!valid()) return;
        const MlaPart p = b->parts[part];
        token = p.begin, end = p.end, request = p.request;
        fetch_page();
    }
    ISOBATH_DEVICE void fetch_page() {
        page = token < end ? b->block_table[std::int64_t(request) * table_width + token / kPageTokens] : 0;
    }
    /// True when the part that was left is complete.
    ISOBATH_DEVICE bool next() {
        token += kTile;
        if (token < end) {
            fetch_page();
            return false;
        }
        ++part;
        enter_part();
        return true;
    }
    ISOBATH_DEVICE std::int64_t first_row() const {
        return std::int64_t(page) * kPageTokens + token % kPageTokens;
    }
};

template <int kTile>
ISOBATH_DEVICE TileCursor<kTile> tiles_of_block(const MlaDecodeBuffers& b, int table_width) {
    TileCursor<kTile> c{&b, table_width, b.first_part[simt::block_x()], b.first_part[simt::block_x() + 1]};
    c.enter_part();
    return c;
}

/// Starts to load rows of BF16; rows from `count` on become zeros.
template <int kTile>
ISOBATH_DEVICE void load_bf16_rows(Shared tile, const void* from, int count) {
    ISOBATH_UNROLL
    for (int r = 0; r < kTile; r += kMlaThreads / 8) {
        const int row = r + simt::thread() / 8, chunk = simt::thread() % 8;
        const char* const source =
            static_cast<const char*>(from) + std::int64_t(row) * kRowBytes + chunk * 16;
        const Shared to = tile + Shared(row * kRowBytes + (chunk ^ (row % 8)) * 16);
        ISOBATH_UNROLL
        for (int j = 0; j < kRowBytes / 128; ++j)
            simt::copy_async(to + Shared(j * 128), source + j * 128, row < count);
    }
}

/// Starts to load rows of 656 B as they are.
template <int kTile>
ISOBATH_DEVICE void load_fp8_rows(Shared raw, const void* from, int count) {
    ISOBATH_UNROLL
    for (int r = 0; r < kTile; r += kMlaThreads / 8) {
        const int row            = r + simt::thread() / 8;
        const std::int64_t first = std::int64_t(row) * kFp8TokenBytes;
        ISOBATH_UNROLL
        for (int j = 0; j < 6; ++j) {
            const int at = (simt::thread() % 8 + 8 * j) * 16;
            if (at < kFp8TokenBytes)
                simt::copy_async(raw + Shared(row * kFp8TokenBytes + at),
                                 static_cast<const char*>(from) + first + at, row < count);
        }
    }
}

/// Starts to load the cursor's tile, if there is one, closes the group and steps on.
template <bool kFp8, int kTile>
ISOBATH_DEVICE void load_tile(TileCursor<kTile>& at, Shared to) {
    if (at.valid()) {
        const std::int64_t bytes = at.first_row() * (kFp8 ? kFp8TokenBytes : kBf16TokenBytes);
        const char* const from   = static_cast<const char*>(at.b->cache) + bytes;
        if constexpr (kFp8)
            load_fp8_rows<kTile>(to, from, at.end - at.token);
        else
            load_bf16_rows<kTile>(to, from, at.end - at.token);
        at.next();
    }
    simt::copy_commit();
}

/// Two E4M3 in the upper bytes of 16 bits each, as BF16 that read 2^120 too small: the sign stays, the other
/// seven bits move down to where BF16's exponent ends. Exact, subnormals included.
ISOBATH_DEVICE std::uint32_t widen(std::uint32_t on_top) {
    return (on_top & 0x80008000U) | ((on_top >> 4) & 0x07F007F0U);
}

/// An FP32 scale times 2^120 as the sum of two BF16, twice each: a product with it is rounded like one with
/// the scale itself, but for one in 2^8 of all ties.
struct SplitScale {
    std::uint32_t high, low;
};
ISOBATH_DEVICE SplitScale split(float scale) {
    const float large        = scale * 0x1p120F;
    const std::uint32_t high = simt::pack_bf16(large, large);
    const float rest         = large - float_of(high << 16);
    return {high, simt::pack_bf16(rest, rest)};
}

struct Pairs {
    std::uint32_t low, high;
};
ISOBATH_DEVICE std::uint32_t scaled(std::uint32_t pair, SplitScale s) {
    return simt::multiply_add_bf16(pair, s.high, simt::multiply_add_bf16(pair, s.low, 0));
}
/// Four E4M3 times scale as two pairs of BF16.
ISOBATH_DEVICE Pairs dequantise(std::uint32_t four, SplitScale s) {
    return {scaled(widen(simt::pick_bytes(four, 0x1404)), s),
            scaled(widen(simt::pick_bytes(four, 0x3424)), s)};
}

/// One warp per row, 16 elements per lane. Lanes 4 .. 7 of eight store their halves the other way round:
/// eight lanes then touch eight chunks that differ in their low three bits.
ISOBATH_DEVICE void dequantise_row(Shared raw, Shared tile, int row) {
    const int lane         = simt::thread() % 32;
    const Shared from      = raw + Shared(row * kFp8TokenBytes);
    const simt::Words w    = simt::load_shared<simt::Words>(from + Shared(lane * 16));
    const SplitScale scale = split(simt::load_shared<float>(from + Shared(kLatent + lane / 8 * 4)));
    const Pairs p[4]       = {dequantise(w.x, scale), dequantise(w.y, scale), dequantise(w.z, scale),
                              dequantise(w.w, scale)};
    const simt::Words first{p[0].low, p[0].high, p[1].low, p[1].high},
        second{p[2].low, p[2].high, p[3].low, p[3].high};
    const bool swap = lane / 4 % 2 != 0;
    const Shared to = tile + Shared(row * kRowBytes);
    const int chunk = 2 * lane + (swap ? 1 : 0);
    simt::store_shared(to + Shared((chunk ^ (row % 8)) * 16), swap ? second : first);
    simt::store_shared(to + Shared((chunk ^ 1 ^ (row % 8)) * 16), swap ? first : second);
}

/// The whole tile; the block must wait before and after.
template <int kTile>
ISOBATH_DEVICE void dequantise_tile(Shared raw, Shared tile) {
    const int warp = simt::thread() / 32, rows = kTile / (kMlaThreads / 32);
    ISOBATH_UNROLL
    for (int r = 0; r < rows; ++r) dequantise_row(raw, tile, warp * rows + r);
    ISOBATH_UNROLL
    for (int r = 0; r < rows; r += 4) {  // rope: eight chunks of four rows
        const int row = warp * rows + r + simt::thread() % 32 / 8, chunk = simt::thread() % 8;
        const auto w =
            simt::load_shared<simt::Words>(raw + Shared(row * kFp8TokenBytes + kLatent + 16 + chunk * 16));
        simt::store_shared(tile + Shared(row * kRowBytes + 1024 + (chunk ^ (row % 8)) * 16), w);
    }
}

/// First token that query row `row` does not see.
ISOBATH_DEVICE int limit_of(const MlaDecodeShape& shape, int context, int row) {
    return context - (shape.queries - 1 - row / shape.heads);
}

}  // namespace isobath::kernels
