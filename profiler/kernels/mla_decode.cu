#include "profiler/kernels/launch.cuh"
#include "profiler/kernels/mla_combine.cuh"
#include "profiler/kernels/mla_decode.h"
#include "profiler/kernels/mla_decode16.cuh"
#include "profiler/kernels/mla_decode64.cuh"

namespace isobath::kernels {
namespace {

/// Stages of the ring: as many as fit into 227 KiB (sm_90, sm_100) or 163 KiB (sm_80).
template <bool kFp8>
void launch16(const MlaDecodeShape& shape, const MlaDecodeBuffers& b, int blocks, std::size_t shared,
              cudaStream_t stream) {
    constexpr int kMany = 6, kFew = kFp8 ? 3 : 4;
    const bool many   = mla16::Layout<kFp8, kMany>::kBytes <= shared;
    const auto kernel = many ? mla16::decode_kernel<kFp8, kMany> : mla16::decode_kernel<kFp8, kFew>;
    const auto bytes =
        std::size_t(many ? mla16::Layout<kFp8, kMany>::kBytes : mla16::Layout<kFp8, kFew>::kBytes);
    allow_shared(kernel, bytes);
    kernel<<<blocks, kMlaThreads, bytes, stream>>>(shape, b);
    CUDA_CHECK(cudaGetLastError());
}

/// Tiles of 64 tokens where 227 KiB of shared memory are there, else of 32.
template <bool kFp8>
void launch64(const MlaDecodeShape& shape, const MlaDecodeBuffers& b, int blocks, std::size_t shared,
              cudaStream_t stream) {
    const bool large  = mla64::Layout<kFp8, 64>::kBytes <= shared;
    const auto kernel = large ? mla64::decode_kernel<kFp8, 64> : mla64::decode_kernel<kFp8, 32>;
    const auto bytes = std::size_t(large ? mla64::Layout<kFp8, 64>::kBytes : mla64::Layout<kFp8, 32>::kBytes);
    allow_shared(kernel, bytes);
    const dim3 grid(unsigned(blocks), unsigned((shape.rows() + mla64::kRows - 1) / mla64::kRows));
    kernel<<<grid, kMlaThreads, bytes, stream>>>(shape, b);
    CUDA_CHECK(cudaGetLastError());
}

template <bool kFp8>
void launch(const MlaDecodeShape& shape, const MlaDecodeBuffers& b, int blocks, cudaStream_t stream) {
    const std::size_t shared = whole_shared_memory();
    mla_tile_rows(shape) == 16 ? launch16<kFp8>(shape, b, blocks, shared, stream)
                               : launch64<kFp8>(shape, b, blocks, shared, stream);
}

}  // namespace

void launch_mla_decode(const MlaDecodeShape& shape, const MlaDecodeBuffers& buffers, int plan_blocks,
                       int split_count, cudaStream_t stream) {
    shape.fp8 ? launch<true>(shape, buffers, plan_blocks, stream)
              : launch<false>(shape, buffers, plan_blocks, stream);
    if (split_count == 0) return;
    mla_combine_kernel<<<dim3(unsigned(shape.rows()), unsigned(split_count)), kCombineThreads, 0, stream>>>(
        shape, buffers);
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
