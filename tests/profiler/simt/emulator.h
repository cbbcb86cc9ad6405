/// Runs device code on the host: one fiber per thread, blocks one after another.
///
/// Include it before a kernel's .cuh. emulate(launch, [&] { kernel(...); }) throws Fault when the kernel
/// breaks a rule: see shared_memory.h, and: lanes of a warp that meet in different instructions, a barrier
/// that not all threads reach, copies never waited for, addresses of matrices that are not multiples of 16.
/// A copy lands when it is waited for, not before. Order::reversed runs warps and lanes last to first.
#pragma once

#define ISOBATH_SIMT_EMULATOR
#define ISOBATH_KERNEL(threads) inline void
#define ISOBATH_DEVICE inline
#define ISOBATH_UNROLL
#define ISOBATH_ROLLED
#define ISOBATH_UNROLL_BY(times)

#include "tests/profiler/simt/instructions.h"

namespace isobath::simt {

struct Launch {
    int grid_x = 1, grid_y = 1;
    int threads        = 32;
    std::size_t shared = 0;
    Order order        = Order::forward;
};

/// Runs the body once per thread of the grid.
template <class Body>
void emulate(const Launch& launch, const Body& body) {
    for (int y = 0; y < launch.grid_y; ++y)
        for (int x = 0; x < launch.grid_x; ++x) {
            Block block({x, y, launch.grid_x, launch.threads}, launch.shared, launch.order);
            block.run(body);
        }
}

}  // namespace isobath::simt
