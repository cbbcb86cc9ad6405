/// Who a thread is, how threads wait for each other and speak within a warp, and approximate functions.
#pragma once

namespace isobath::simt {

ISOBATH_DEVICE int thread() {
    return int(threadIdx.x);
}
ISOBATH_DEVICE int threads() {
    return int(blockDim.x);
}
ISOBATH_DEVICE int block_x() {
    return int(blockIdx.x);
}
ISOBATH_DEVICE int block_y() {
    return int(blockIdx.y);
}
ISOBATH_DEVICE int grid_x() {
    return int(gridDim.x);
}

ISOBATH_DEVICE void barrier() {
    __syncthreads();
}

/// Waits for `count` threads, whole warps, that name the same barrier; 0 is the one of barrier().
ISOBATH_DEVICE void barrier(int name, int count) {
    asm volatile("bar.sync %0, %1;" ::"r"(name), "r"(count) : "memory");
}

ISOBATH_DEVICE float shuffle_xor(float value, int mask) {
    return __shfl_xor_sync(0xFFFFFFFFU, value, mask);
}
ISOBATH_DEVICE int shuffle_xor(int value, int mask) {
    return __shfl_xor_sync(0xFFFFFFFFU, value, mask);
}
ISOBATH_DEVICE std::uint32_t ballot(bool value) {
    return __ballot_sync(0xFFFFFFFFU, value);
}
ISOBATH_DEVICE int count_bits(std::uint32_t bits) {
    return __popc(bits);
}

ISOBATH_DEVICE float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
ISOBATH_DEVICE float log2_fast(float x) {
    return __log2f(x);
}
ISOBATH_DEVICE float rsqrt_fast(float x) {
    return rsqrtf(x);
}
ISOBATH_DEVICE float divide_fast(float x, float y) {
    return __fdividef(x, y);
}

/// Two floats as BF16, the first in the lower half.
ISOBATH_DEVICE std::uint32_t pack_bf16(float low, float high) {
    std::uint32_t both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

/// a * b + c for two BF16 at once, rounded once; subnormals count.
ISOBATH_DEVICE std::uint32_t multiply_add_bf16(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    std::uint32_t d;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}

/// Bytes 0 .. 3 of `word`, or 0 (4), one per digit of `which`, the lowest digit first.
ISOBATH_DEVICE std::uint32_t pick_bytes(std::uint32_t word, std::uint32_t which) {
    return __byte_perm(word, 0, which);
}

/// Two floats as E4M3, the first in the lower byte; saturating.
ISOBATH_DEVICE std::uint16_t pack_e4m3(float low, float high) {
#if __CUDA_ARCH__ >= 890
    std::uint16_t both;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(both) : "f"(high), "f"(low));
    return both;
#else
    return std::uint16_t(kernels::to_e4m3(low).bits | (kernels::to_e4m3(high).bits << 8));
#endif
}

/// Nanoseconds since some moment.
ISOBATH_DEVICE std::uint64_t nanoseconds() {
    std::uint64_t now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
    return now;
}

}  // namespace isobath::simt
