/// The emulated instructions: same names and meanings as profiler/kernels/simt_*.cuh.
#pragma once

#include <chrono>
#include <cmath>

#include "profiler/kernels/number.h"
#include "tests/profiler/simt/block.h"
#include "tests/profiler/simt/matrix.h"

namespace isobath::simt {

inline int thread() {
    return Block::current->thread->index;
}
inline int threads() {
    return Block::current->place.threads;
}
inline int block_x() {
    return Block::current->place.block_x;
}
inline int block_y() {
    return Block::current->place.block_y;
}
inline int grid_x() {
    return Block::current->place.grid_x;
}

inline void barrier(int name, int count) {
    Block::current->barrier(name, count);
}
inline void barrier() {
    barrier(0, threads());
}

// A lane's own value and what it gets, seen by the lane that does the work for all.
template <class T>
struct Exchange {
    T mine;
    T got;
};

template <class T>
T shuffle_xor_any(T value, int mask) {
    Exchange<T> e{value, value};
    Block::current->meet("shuffle_xor", &e, [mask](const std::array<void*, 32>& lanes) {
        for (int l = 0; l < 32; ++l)
            static_cast<Exchange<T>*>(lanes[l])->got = static_cast<Exchange<T>*>(lanes[l ^ mask])->mine;
    });
    return e.got;
}
inline float shuffle_xor(float value, int mask) {
    return shuffle_xor_any(value, mask);
}
inline int shuffle_xor(int value, int mask) {
    return shuffle_xor_any(value, mask);
}

inline std::uint32_t ballot(bool value) {
    Exchange<std::uint32_t> e{value ? 1U : 0U, 0};
    Block::current->meet("ballot", &e, [](const std::array<void*, 32>& lanes) {
        std::uint32_t all = 0;
        for (int l = 0; l < 32; ++l) all |= static_cast<Exchange<std::uint32_t>*>(lanes[l])->mine << l;
        for (int l = 0; l < 32; ++l) static_cast<Exchange<std::uint32_t>*>(lanes[l])->got = all;
    });
    return e.got;
}
inline int count_bits(std::uint32_t bits) {
    return __builtin_popcount(bits);
}

inline float exp2_fast(float x) {
    return std::exp2(x);
}
inline float log2_fast(float x) {
    return std::log2(x);
}
inline float rsqrt_fast(float x) {
    return 1.0F / std::sqrt(x);
}
inline float divide_fast(float x, float y) {
    return x / y;
}

inline std::uint32_t pack_bf16(float low, float high) {
    return kernels::to_bf16(low).bits | std::uint32_t(kernels::to_bf16(high).bits) << 16;
}
inline std::uint32_t multiply_add_bf16(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    const auto half = [](std::uint32_t x, int i) {
        return double(kernels::to_float(kernels::Bf16{std::uint16_t(x >> 16 * i)}));
    };
    return pack_bf16(float(half(a, 0) * half(b, 0) + half(c, 0)),
                     float(half(a, 1) * half(b, 1) + half(c, 1)));
}
inline std::uint32_t pick_bytes(std::uint32_t word, std::uint32_t which) {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t digit = which >> 4 * i & 0xF;
        out |= (digit < 4 ? word >> 8 * digit & 0xFF : 0) << 8 * i;
    }
    return out;
}
inline std::uint16_t pack_e4m3(float low, float high) {
    return std::uint16_t(kernels::to_e4m3(low).bits | kernels::to_e4m3(high).bits << 8);
}

inline std::uint64_t nanoseconds() {
    return std::uint64_t(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

inline Shared shared_base() {
    return 0;
}
template <class T>
T load_shared(Shared at) {
    T value;
    Block::current->memory.read(Block::current->warp(), at, &value, sizeof(T));
    return value;
}
template <class T>
void store_shared(Shared at, T value) {
    Block::current->memory.write(Block::current->warp(), at, &value, sizeof(T));
}

inline void copy_async(Shared to, const void* from, bool valid) {
    Block& block = *Block::current;
    if (valid && reinterpret_cast<std::uintptr_t>(from) % 16 != 0)
        throw Fault("copy from a misaligned source");
    block.memory.start_copy(block.warp(), to, 16);
    block.thread->open.push_back({to, valid ? from : nullptr});
}
inline void copy_commit() {
    Thread& t = *Block::current->thread;
    t.groups.push_back(std::move(t.open));
    t.open.clear();
}
template <int kLeft>
void copy_wait() {
    Block& block = *Block::current;
    while (block.thread->groups.size() > std::size_t(kLeft)) {
        static constexpr unsigned char kZeros[16] = {};
        for (const Copy& c : block.thread->groups.front())
            block.memory.land_copy(block.warp(), c.to, c.from == nullptr ? kZeros : c.from, 16);
        block.thread->groups.pop_front();
    }
}

struct alignas(16) Words {
    std::uint32_t x, y, z, w;
};
inline Words load_streaming(const void* from) {
    Words r;
    if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) throw Fault("load from a misaligned source");
    std::memcpy(&r, from, 16);
    return r;
}
inline Words load_l2(const void* from) {
    return load_streaming(from);
}
inline void store_streaming(void* to, Words v) {
    if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0) throw Fault("store to a misaligned place");
    std::memcpy(to, &v, 16);
}
template <class T>
T load(const void* from) {
    T value;
    if (reinterpret_cast<std::uintptr_t>(from) % sizeof(T) != 0) throw Fault("load from a misaligned source");
    std::memcpy(&value, from, sizeof(T));
    return value;
}
template <class T>
void store(void* to, T value) {
    if (reinterpret_cast<std::uintptr_t>(to) % sizeof(T) != 0) throw Fault("store to a misaligned place");
    std::memcpy(to, &value, sizeof(T));
}
inline int load_flag(const int* flag) {
    return *flag;
}

}  // namespace isobath::simt
