#include "profiler/kernels/launch.cuh"
#include "profiler/kernels/mla_prefill.cuh"

namespace isobath::kernels {

void launch_mla_prefill(const MlaPrefillShape& shape, const MlaPrefillBuffers& buffers, cudaStream_t stream) {
    using namespace prefill;
    if (shape.keys < shape.queries) throw CudaError("mla_prefill: fewer keys than queries");
    allow_shared(prefill_kernel, kSharedBytes);
    const dim3 grid(unsigned(blocks_for(shape.queries, kQueries)), unsigned(shape.batch * shape.heads));
    prefill_kernel<<<grid, kThreads, kSharedBytes, stream>>>(shape, buffers);
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
