/// Every instruction that our kernels use beyond plain C++: one thin wrapper each.
///
/// nvcc sees inline PTX. A host compiler sees the same functions from an emulator that was included before
/// (tests/profiler/simt/emulator.h); so the device code itself is tested where there is no GPU.
/// Layouts of fragments: PTX ISA, "Matrix multiply-accumulate operation using mma instruction".
#pragma once

#include "profiler/kernels/number.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>

#define ISOBATH_KERNEL(threads) __global__ void __launch_bounds__(threads)
#define ISOBATH_DEVICE __device__ __forceinline__
#define ISOBATH_UNROLL _Pragma("unroll")
#define ISOBATH_ROLLED _Pragma("unroll 1")
#define ISOBATH_PRAGMA(words) _Pragma(#words)
#define ISOBATH_UNROLL_BY(times) ISOBATH_PRAGMA(unroll(times))

#include "profiler/kernels/simt_matrix.cuh"
#include "profiler/kernels/simt_memory.cuh"
#include "profiler/kernels/simt_thread.cuh"
#elif !defined(ISOBATH_SIMT_EMULATOR)
#error "device code needs nvcc or the emulator"
#endif
