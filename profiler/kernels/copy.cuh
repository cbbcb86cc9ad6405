/// Four accesses of 16 B in flight per thread.
#pragma once

#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline constexpr int kCopyThreads = 512;
inline constexpr int kInFlight    = 4;

ISOBATH_DEVICE const char* chunk(const void* base, std::int64_t index) {
    return static_cast<const char*>(base) + index * 16;
}
ISOBATH_DEVICE char* chunk(void* base, std::int64_t index) {
    return static_cast<char*>(base) + index * 16;
}

/// Part `part` of `parts` of a copy, by the whole block.
ISOBATH_DEVICE void copy_part(std::int64_t chunks, const void* from, void* to, int part, int parts) {
    const std::int64_t stride = std::int64_t(parts) * simt::threads();
    std::int64_t i            = std::int64_t(part) * simt::threads() + simt::thread();
    for (; i + (kInFlight - 1) * stride < chunks; i += kInFlight * stride) {
        simt::Words w[kInFlight];
        ISOBATH_UNROLL
        for (int j = 0; j < kInFlight; ++j) w[j] = simt::load_streaming(chunk(from, i + j * stride));
        ISOBATH_UNROLL
        for (int j = 0; j < kInFlight; ++j) simt::store_streaming(chunk(to, i + j * stride), w[j]);
    }
    for (; i < chunks; i += stride) simt::store_streaming(chunk(to, i), simt::load_streaming(chunk(from, i)));
}

ISOBATH_KERNEL(kCopyThreads) copy_kernel(std::int64_t chunks, const void* from, void* to) {
    copy_part(chunks, from, to, simt::block_x(), simt::grid_x());
}

ISOBATH_DEVICE std::uint32_t mix(simt::Words w) {
    return w.x + w.y + w.z + w.w;
}

/// Sum of all 32-bit words, wrapping, that this thread reads.
template <class Load>
ISOBATH_DEVICE std::uint32_t sum_of(std::int64_t chunks, const void* from, Load load) {
    const std::int64_t stride = std::int64_t(simt::grid_x()) * simt::threads();
    std::int64_t i            = std::int64_t(simt::block_x()) * simt::threads() + simt::thread();
    std::uint32_t sum         = 0;
    for (; i + (2 * kInFlight - 1) * stride < chunks; i += 2 * kInFlight * stride) {
        simt::Words w[2 * kInFlight];
        ISOBATH_UNROLL
        for (int j = 0; j < 2 * kInFlight; ++j) w[j] = load(chunk(from, i + j * stride));
        ISOBATH_UNROLL
        for (int j = 0; j < 2 * kInFlight; ++j) sum += mix(w[j]);
    }
    for (; i < chunks; i += stride) sum += mix(load(chunk(from, i)));
    return sum;
}

/// One word per block: the sum over its threads.
ISOBATH_DEVICE void store_block_sum(std::uint32_t sum, std::uint32_t* sums) {
    for (int mask = 16; mask > 0; mask /= 2) sum += std::uint32_t(simt::shuffle_xor(int(sum), mask));
    if (simt::thread() % 32 == 0)
        simt::store_shared(simt::shared_base() + simt::Shared(simt::thread() / 8), sum);
    simt::barrier();
    if (simt::thread() != 0) return;
    std::uint32_t all = 0;
    for (int w = 0; w < simt::threads() / 32; ++w)
        all += simt::load_shared<std::uint32_t>(simt::shared_base() + simt::Shared(w * 4));
    sums[simt::block_x()] = all;
}

ISOBATH_KERNEL(kCopyThreads) read_kernel(std::int64_t chunks, const void* from, std::uint32_t* sums) {
    store_block_sum(sum_of(chunks, from, [](const void* p) { return simt::load_streaming(p); }), sums);
}

ISOBATH_KERNEL(kCopyThreads)
read_l2_kernel(std::int64_t chunks, int rounds, const void* from, std::uint32_t* sums) {
    std::uint32_t sum = 0;
    for (int r = 0; r < rounds; ++r)
        sum += sum_of(chunks, from, [](const void* p) { return simt::load_l2(p); });
    store_block_sum(sum, sums);
}

ISOBATH_KERNEL(32) empty_kernel() {}

/// Thread 0 looks at the flag and the clock; the block leaves together.
ISOBATH_DEVICE bool asked_to_stop(const int* stop, std::uint64_t deadline) {
    if (simt::thread() == 0)
        simt::store_shared(simt::shared_base(),
                           simt::load_flag(stop) != 0 || simt::nanoseconds() > deadline ? 1 : 0);
    simt::barrier();
    const bool stops = simt::load_shared<int>(simt::shared_base()) != 0;
    simt::barrier();
    return stops;
}

ISOBATH_KERNEL(kCopyThreads)
holder_kernel(std::int64_t chunks, const void* from, void* to, const int* stop, std::uint64_t limit,
              unsigned long long* rounds) {
    const std::uint64_t deadline = simt::nanoseconds() + limit;
    unsigned long long done      = 0;
    do {
        copy_part(chunks, from, to, simt::block_x(), simt::grid_x());
        ++done;
    } while (!asked_to_stop(stop, deadline));
    if (simt::thread() == 0) rounds[simt::block_x()] = done;
}

ISOBATH_KERNEL(32) gate_kernel(const int* open, std::uint64_t limit) {
    const std::uint64_t deadline = simt::nanoseconds() + limit;
    while (simt::thread() == 0 && simt::load_flag(open) == 0 && simt::nanoseconds() < deadline) {
    }
}

}  // namespace isobath::kernels
