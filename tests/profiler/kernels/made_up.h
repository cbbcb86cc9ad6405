/// Operands of kernel tests: random, poisoned, and as plain floats.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "profiler/kernels/number.h"

namespace isobath::kernels {

/// 16-byte aligned storage, as device memory is.
template <class T>
class Buffer {
  public:
    explicit Buffer(std::size_t count) : chunks_((count * sizeof(T) + 15) / 16), count_(count) {
        for (Chunk& c : chunks_)
            for (unsigned char& b : c.bytes) b = 0xFF;  // NaN, or -1
    }
    T* data() { return reinterpret_cast<T*>(chunks_.data()); }
    const T* data() const { return reinterpret_cast<const T*>(chunks_.data()); }
    std::size_t size() const { return count_; }
    T& operator[](std::size_t i) { return data()[i]; }
    const T& operator[](std::size_t i) const { return data()[i]; }

  private:
    struct alignas(16) Chunk {
        unsigned char bytes[16];
    };
    std::vector<Chunk> chunks_;
    std::size_t count_;
};

/// Even over [-1, 1), from the engine's top 24 bits.
inline float even(std::mt19937& engine) {
    return float(engine() >> 8) * 0x1p-23F - 1.0F;
}

inline Buffer<Bf16> random_bf16(std::size_t count, unsigned seed, float scale = 1) {
    std::mt19937 engine(seed);
    Buffer<Bf16> b(count);
    for (std::size_t i = 0; i < count; ++i) b[i] = to_bf16(scale * even(engine));
    return b;
}

inline Buffer<E4m3> random_e4m3(std::size_t count, unsigned seed) {
    std::mt19937 engine(seed);
    Buffer<E4m3> b(count);
    for (std::size_t i = 0; i < count; ++i) b[i] = to_e4m3(448 * even(engine));
    return b;
}

inline Buffer<float> random_float(std::size_t count, unsigned seed, float low = -1, float high = 1) {
    std::mt19937 engine(seed);
    Buffer<float> b(count);
    for (std::size_t i = 0; i < count; ++i) b[i] = low + (high - low) * (even(engine) + 1) / 2;
    return b;
}

}  // namespace isobath::kernels
