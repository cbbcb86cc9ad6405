#include "profiler/kernels/launch.cuh"
#include "profiler/kernels/pointwise.cuh"
#include "profiler/kernels/pointwise.h"

namespace isobath::kernels {
namespace {

std::int64_t eights_of(const Rows& shape) {
    return shape.rows * shape.width / 8;
}
int blocks_of(const Rows& shape) {
    return blocks_for(eights_of(shape), kPointThreads);
}

}  // namespace

void launch_quantise(const Rows& shape, const Bf16* from, E4m3* to, float* scales, cudaStream_t stream) {
    quantise_kernel<<<blocks_of(shape), kPointThreads, 0, stream>>>(eights_of(shape), from, to, scales);
    CUDA_CHECK(cudaGetLastError());
}

void launch_rms_norm(const Rows& shape, const Bf16* from, const Bf16* weight, Bf16* to, cudaStream_t stream) {
    constexpr std::size_t kShared = kPointThreads / 32 * 4;
    if (shape.width > kNormEights * kPointThreads * 8)
        throw CudaError("rms_norm: rows of up to 8192 elements");
    rms_norm_kernel<<<int(shape.rows), kPointThreads, kShared, stream>>>(shape.width, from, weight, to);
    CUDA_CHECK(cudaGetLastError());
}

void launch_rope(const Rope& shape, Bf16* x, const int* positions, const float* cosines, const float* sines,
                 cudaStream_t stream) {
    const std::int64_t eights = shape.tokens * shape.heads * 8;
    rope_kernel<<<blocks_for(eights, kPointThreads), kPointThreads, 0, stream>>>(
        eights, shape.heads, shape.head_dim, x, positions, cosines, sines);
    CUDA_CHECK(cudaGetLastError());
}

void launch_swiglu(const Rows& shape, const Bf16* gate_up, Bf16* to, cudaStream_t stream) {
    swiglu_kernel<<<blocks_of(shape), kPointThreads, 0, stream>>>(eights_of(shape), shape.width, gate_up, to);
    CUDA_CHECK(cudaGetLastError());
}

void launch_swiglu_quantise(const Rows& shape, const Bf16* gate_up, E4m3* to, float* scales,
                            cudaStream_t stream) {
    swiglu_quantise_kernel<<<blocks_of(shape), kPointThreads, 0, stream>>>(eights_of(shape), shape.width,
                                                                           gate_up, to, scales);
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
