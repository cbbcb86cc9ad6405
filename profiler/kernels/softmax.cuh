/// Pieces of an online softmax over fragments: the four lanes of a quad share a row.
#pragma once

#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline constexpr float kNothing = -1e30F;  ///< the maximum before any score; finite, so that differences are

ISOBATH_DEVICE float quad_max(float x) {
    x = fmaxf(x, simt::shuffle_xor(x, 1));
    return fmaxf(x, simt::shuffle_xor(x, 2));
}
ISOBATH_DEVICE float quad_sum(float x) {
    x += simt::shuffle_xor(x, 1);
    return x + simt::shuffle_xor(x, 2);
}

inline constexpr float kLog2E = 1.44269504F;  ///< powers of two are what the hardware has

}  // namespace isobath::kernels
