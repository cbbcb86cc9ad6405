/// What every launch does after it: asks whether it worked.
#pragma once

#include "profiler/cuda_check.h"
#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline int blocks_for(std::int64_t items, std::int64_t per_block) {
    return int((items + per_block - 1) / per_block);
}

/// All the shared memory that a block may have.
inline std::size_t whole_shared_memory() {
    int device = 0, bytes = 0;
    CUDA_CHECK(cudaGetDevice(&device));
    CUDA_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    return std::size_t(bytes);
}

/// More than 48 KiB of shared memory must be asked for, kernel by kernel.
template <class Kernel>
void allow_shared(Kernel* kernel, std::size_t bytes) {
    CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
}

}  // namespace isobath::kernels
