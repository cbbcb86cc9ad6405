/// Kernels that only move bytes: ceilings of HBM and L2, and company for contention measurements.
#pragma once

#include <cstdint>

#include "profiler/kernels/stream.h"

namespace isobath::kernels {

/// Buffers are 16-byte aligned, sizes whole multiples of 16 B.
struct Copy {
    std::int64_t bytes = 0;
    int blocks         = 0;  ///< of 512 threads; 4 per SM fill it
};
void launch_copy(const Copy& shape, const void* from, void* to, cudaStream_t stream);

/// Reads everything once; `sums` gets 4 B per block, so that no load is idle.
void launch_read(const Copy& shape, const void* from, std::uint32_t* sums, cudaStream_t stream);

/// Reads the same bytes `rounds` times past L1: L2 bandwidth where they fit there.
void launch_read_l2(const Copy& shape, int rounds, const void* from, std::uint32_t* sums,
                    cudaStream_t stream);

/// Nothing: what a launch costs.
void launch_empty(cudaStream_t stream);

/// Occupies `sms` SMs whole (one block each, all shared memory) and copies until *stop, in device or mapped
/// host memory, is not 0, at most for `seconds`. `rounds` gets 8 B per SM: how often that block copied its
/// part.
struct Holder {
    int sms            = 0;
    std::int64_t bytes = 0;  ///< copied again and again, divided among the blocks
    double seconds     = 10;
};
void launch_holder(const Holder& shape, const void* from, void* to, const int* stop,
                   unsigned long long* rounds, cudaStream_t stream);

/// Holds the stream until *open (mapped host memory) is not 0, at most for `seconds`.
void launch_gate(const int* open, double seconds, cudaStream_t stream);

}  // namespace isobath::kernels
