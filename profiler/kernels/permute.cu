#include "profiler/kernels/launch.cuh"
#include "profiler/kernels/permute.cuh"

namespace isobath::kernels {

void launch_permute(const Permute& shape, const PermuteBuffers& buffers, cudaStream_t stream) {
    if (shape.experts > kPermuteThreads) throw CudaError("permute: at most 256 experts");
    rank_kernel<<<shape.experts, kPermuteThreads, kPermuteWarps * 4, stream>>>(shape, buffers);
    CUDA_CHECK(cudaGetLastError());
    first_row_kernel<<<1, kPermuteThreads, kPermuteThreads * 4, stream>>>(shape, buffers);
    CUDA_CHECK(cudaGetLastError());
    const int blocks = blocks_for(shape.tokens * kChosen, kPermuteWarps);
    gather_kernel<<<blocks, kPermuteThreads, 0, stream>>>(shape, buffers);
    CUDA_CHECK(cudaGetLastError());
}

void launch_unpermute(const Unpermute& shape, const Bf16* from, const int* row, const float* weights,
                      Bf16* to, cudaStream_t stream) {
    unpermute_kernel<<<int(shape.tokens), kPermuteThreads, 0, stream>>>(shape.width, from, row, weights, to);
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
