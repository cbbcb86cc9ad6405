/// Rank within the expert, first rows of the experts, then the rows themselves; and back.
#pragma once

#include "profiler/kernels/experts.h"
#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline constexpr int kPermuteThreads = 256;
inline constexpr int kPermuteWarps   = kPermuteThreads / 32;

/// Of the block's threads: how many before this one say yes, and how many in all. Needs 32 B of shared
/// memory.
struct Rank {
    int before, all;
};
ISOBATH_DEVICE Rank rank_of(bool yes) {
    const std::uint32_t votes = simt::ballot(yes);
    const int warp = simt::thread() / 32, lane = simt::thread() % 32;
    if (lane == 0) simt::store_shared(simt::shared_base() + simt::Shared(warp * 4), simt::count_bits(votes));
    simt::barrier();
    Rank r{simt::count_bits(votes & ((1U << lane) - 1U)), 0};
    for (int w = 0; w < kPermuteWarps; ++w) {
        const int count = simt::load_shared<int>(simt::shared_base() + simt::Shared(w * 4));
        if (w < warp) r.before += count;
        r.all += count;
    }
    simt::barrier();
    return r;
}

/// Block e counts expert e's rows in the order of tokens: no atomics, the same order each time.
ISOBATH_KERNEL(kPermuteThreads) rank_kernel(Permute shape, PermuteBuffers b) {
    const std::int64_t choices = shape.tokens * kChosen;
    int count                  = 0;
    for (std::int64_t first = 0; first < choices; first += kPermuteThreads) {
        const std::int64_t i = first + simt::thread();
        const bool mine      = i < choices && b.chosen[i] == simt::block_x();
        const Rank rank      = rank_of(mine);
        if (mine) b.row[i] = count + rank.before;
        count += rank.all;
    }
    if (simt::thread() == 0) b.counts[simt::block_x()] = count;
}

/// Sum over the threads up to and with this one. Needs 1 KiB of shared memory.
ISOBATH_DEVICE int prefix_sum(int value) {
    const simt::Shared at = simt::shared_base() + simt::Shared(simt::thread() * 4);
    for (int step = 1; step < kPermuteThreads; step *= 2) {
        simt::store_shared(at, value);
        simt::barrier();
        if (simt::thread() >= step) value += simt::load_shared<int>(at - simt::Shared(step * 4));
        simt::barrier();
    }
    return value;
}

ISOBATH_KERNEL(kPermuteThreads) first_row_kernel(Permute shape, PermuteBuffers b) {
    const int e = simt::thread(), n = shape.alignment;
    const int rows = e >= shape.experts    ? 0
                     : shape.slot_rows > 0 ? shape.slot_rows
                                           : (b.counts[e] + n - 1) / n * n;
    const int end  = prefix_sum(rows);
    if (e < shape.experts) b.first_row[e + 1] = end;
    if (e == 0) b.first_row[0] = 0;
}

/// One warp per choice.
ISOBATH_KERNEL(kPermuteThreads) gather_kernel(Permute shape, PermuteBuffers b) {
    const std::int64_t i = std::int64_t(simt::block_x()) * kPermuteWarps + simt::thread() / 32;
    if (i >= shape.tokens * kChosen) return;
    const int expert = b.chosen[i], lane = simt::thread() % 32;
    const int row = expert < 0 ? -1 : b.first_row[expert] + b.row[i];
    simt::ballot(true);  // every lane has read the rank that lane 0 overwrites
    if (lane == 0) b.row[i] = row;
    if (row < 0) return;
    const char* const from = static_cast<const char*>(b.from) + i / kChosen * shape.row_bytes;
    char* const to         = static_cast<char*>(b.to) + std::int64_t(row) * shape.row_bytes;
    for (int at = lane * 16; at < shape.row_bytes; at += 512)
        simt::store_streaming(to + at, simt::load_streaming(from + at));
}

/// One block per token, eight columns per thread and round.
ISOBATH_KERNEL(kPermuteThreads)
unpermute_kernel(int width, const Bf16* from, const int* row, const float* weights, Bf16* to) {
    const std::int64_t token = simt::block_x();
    for (int column = simt::thread() * 8; column < width; column += kPermuteThreads * 8) {
        float sum[8] = {};
        ISOBATH_UNROLL
        for (int k = 0; k < kChosen; ++k) {
            const int r = row[token * kChosen + k];
            if (r < 0) continue;
            const float weight           = weights[token * kChosen + k];
            const simt::Words w          = simt::load_streaming(from + std::int64_t(r) * width + column);
            const std::uint32_t words[4] = {w.x, w.y, w.z, w.w};
            ISOBATH_UNROLL
            for (int j = 0; j < 4; ++j) {
                sum[2 * j] += weight * float_of(words[j] << 16);
                sum[2 * j + 1] += weight * float_of(words[j] & 0xFFFF0000U);
            }
        }
        simt::store_streaming(to + token * width + column,
                              {simt::pack_bf16(sum[0], sum[1]), simt::pack_bf16(sum[2], sum[3]),
                               simt::pack_bf16(sum[4], sum[5]), simt::pack_bf16(sum[6], sum[7])});
    }
}

}  // namespace isobath::kernels
