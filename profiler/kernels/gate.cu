#include "profiler/kernels/gate.cuh"
#include "profiler/kernels/launch.cuh"

namespace isobath::kernels {

void launch_gate_choice(const Gate& shape, const float* logits, const float* bias, int* chosen,
                        float* weights, cudaStream_t stream) {
    gate_choice_kernel<<<blocks_for(shape.tokens, kGateThreads / 32), kGateThreads, 0, stream>>>(
        shape, logits, bias, chosen, weights);
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath::kernels
