/// Device memory with an owner, and the random operands that kernels are measured on.
///
/// Zeros would draw less power and let the GPU clock higher than real data does, so operands are normal
/// random numbers. They are a function of seed and index: a check recomputes the few that it needs on the
/// host.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "profiler/cuda_check.h"

namespace isobath {

/// Owns `bytes` of device memory.
class DeviceBuffer {
  public:
    DeviceBuffer() = default;
    explicit DeviceBuffer(std::size_t bytes) : bytes_(bytes) {
        CUDA_CHECK(cudaMalloc(&data_, bytes > 0 ? bytes : 1));
    }
    ~DeviceBuffer() { cudaFree(data_); }
    DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        swap(other);
        return *this;
    }

    void* get() const { return data_; }
    template <class T>
    T* as() const {
        return static_cast<T*>(data_);
    }
    std::size_t bytes() const { return bytes_; }

  private:
    void* data_        = nullptr;
    std::size_t bytes_ = 0;

    void swap(DeviceBuffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
    }
};

/// Element `index` of the operand `seed`, as each format rounds it.
float random_bf16_at(std::uint64_t seed, std::uint64_t index);
float random_e4m3_at(std::uint64_t seed, std::uint64_t index);
std::uint8_t random_e4m3_bits_at(std::uint64_t seed, std::uint64_t index);
std::uint8_t random_byte_at(std::uint64_t seed, std::uint64_t index);

float float_of_bf16(std::uint16_t bits);

/// Operands of `count` elements, filled before the call returns. Throw CudaError where memory is short.
DeviceBuffer random_bf16(std::size_t count, std::uint64_t seed);
DeviceBuffer random_e4m3(std::size_t count, std::uint64_t seed);
DeviceBuffer random_bytes(std::size_t count, std::uint64_t seed);  ///< each from 1 to 255
DeviceBuffer uploaded(const void* data, std::size_t bytes);
template <class T>
DeviceBuffer uploaded(const std::vector<T>& values) {
    return uploaded(values.data(), values.size() * sizeof(T));
}
DeviceBuffer filled_bytes(std::size_t count, int value);
DeviceBuffer filled_floats(std::size_t count, float value);

}  // namespace isobath
