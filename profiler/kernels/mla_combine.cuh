/// Joins the parts of split requests: one block per query row, four columns per thread.
#pragma once

#include "profiler/kernels/mla_cache.cuh"

namespace isobath::kernels {

inline constexpr int kCombineThreads = kLatent / 4;

ISOBATH_KERNEL(kCombineThreads) mla_combine_kernel(MlaDecodeShape shape, MlaDecodeBuffers b) {
    const MlaSplit split = b.splits[simt::block_y()];
    const int row = simt::block_x(), rows = shape.rows(), column = simt::thread() * 4;
    float largest = kNothing;
    for (int s = 0; s < split.count; ++s)
        largest = fmaxf(largest, b.partial_lse[std::int64_t(split.first_slot + s) * rows + row]);
    float sum[4] = {}, weights = 0;
    for (int s = 0; s < split.count; ++s) {
        const std::int64_t at = std::int64_t(split.first_slot + s) * rows + row;
        const float weight    = simt::exp2_fast(b.partial_lse[at] - largest);
        const simt::Words w   = simt::load_l2(b.partial + at * kLatent + column);
        weights += weight;
        sum[0] += weight * float_of(w.x), sum[1] += weight * float_of(w.y);
        sum[2] += weight * float_of(w.z), sum[3] += weight * float_of(w.w);
    }
    const std::uint64_t low  = simt::pack_bf16(sum[0] / weights, sum[1] / weights);
    const std::uint64_t high = simt::pack_bf16(sum[2] / weights, sum[3] / weights);
    simt::store(b.out + (std::int64_t(split.request) * rows + row) * kLatent + column, low | high << 32);
}

}  // namespace isobath::kernels
