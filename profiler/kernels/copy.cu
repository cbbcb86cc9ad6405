#include "profiler/kernels/copy.cuh"
#include "profiler/kernels/copy.h"
#include "profiler/kernels/launch.cuh"

namespace isobath::kernels {
namespace {

constexpr std::size_t kSumBytes = kCopyThreads / 32 * 4;

std::uint64_t limit_of(double seconds) {
    return std::uint64_t(seconds * 1e9);
}

}  // namespace

void launch_copy(const Copy& shape, const void* from, void* to, cudaStream_t stream) {
    copy_kernel<<<shape.blocks, kCopyThreads, 0, stream>>>(shape.bytes / 16, from, to);
    CUDA_CHECK(cudaGetLastError());
}

void launch_read(const Copy& shape, const void* from, std::uint32_t* sums, cudaStream_t stream) {
    read_kernel<<<shape.blocks, kCopyThreads, kSumBytes, stream>>>(shape.bytes / 16, from, sums);
    CUDA_CHECK(cudaGetLastError());
}

void launch_read_l2(const Copy& shape, int rounds, const void* from, std::uint32_t* sums,
                    cudaStream_t stream) {
    read_l2_kernel<<<shape.blocks, kCopyThreads, kSumBytes, stream>>>(shape.bytes / 16, rounds, from, sums);
    CUDA_CHECK(cudaGetLastError());
}

void launch_empty(cudaStream_t stream) {
    empty_kernel<<<1, 32, 0, stream>>>();
    CUDA_CHECK(cudaGetLastError());
}

void launch_holder(const Holder& shape, const void* from, void* to, const int* stop,
                   unsigned long long* rounds, cudaStream_t stream) {
    const std::size_t shared = whole_shared_memory();  // so that no second block fits beside it
    allow_shared(holder_kernel, shared);
    holder_kernel<<<shape.sms, kCopyThreads, shared, stream>>>(shape.bytes / 16, from, to, stop,
                                                               limit_of(shape.seconds), rounds);
    CUDA_CHECK(cudaGetLastError());
}

void launch_gate(const int* open, double seconds, cudaStream_t stream) {
    gate_kernel<<<1, 32, 0, stream>>>(open, limit_of(seconds));
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
