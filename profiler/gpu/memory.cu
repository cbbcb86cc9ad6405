#include <cuda_bf16.h>
#include <cuda_fp8.h>

#include "profiler/gpu/memory.h"

namespace isobath {
namespace {

/// SplitMix64 (Steele, Lea, Flood, 2014): its finaliser over a counter.
__host__ __device__ std::uint64_t hash(std::uint64_t seed, std::uint64_t index) {
    std::uint64_t z = (seed << 40) + index * 0x9E3779B97F4A7C15ULL + 0x9E3779B97F4A7C15ULL;
    z               = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z               = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/// Four uniform numbers of 16 bits are nearly normal together, with a deviation of 65536 sqrt(4 / 12).
__host__ __device__ float normal(std::uint64_t seed, std::uint64_t index) {
    const std::uint64_t bits = hash(seed, index);
    int sum                  = -2 * 65535;
    for (int part = 0; part < 4; ++part) sum += static_cast<int>((bits >> (16 * part)) & 0xFFFF);
    return static_cast<float>(sum) * (1.0F / 37837.0F);
}

struct AsBf16 {
    using Element = __nv_bfloat16;
    static __host__ __device__ Element at(std::uint64_t seed, std::uint64_t i) {
        return __float2bfloat16(normal(seed, i));
    }
};

struct AsE4m3 {
    using Element = __nv_fp8_e4m3;
    static __host__ __device__ Element at(std::uint64_t seed, std::uint64_t i) {
        return Element(normal(seed, i));
    }
};

struct AsByte {
    using Element = std::uint8_t;
    static __host__ __device__ Element at(std::uint64_t seed, std::uint64_t i) {
        return static_cast<Element>(1 + hash(seed, i) % 255);
    }
};

template <class As>
__global__ void fill(typename As::Element* out, std::size_t count, std::uint64_t seed) {
    const std::size_t stride = std::size_t(gridDim.x) * blockDim.x;
    for (std::size_t i = std::size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride)
        out[i] = As::at(seed, i);
}

__global__ void fill_floats(float* out, std::size_t count, float value) {
    const std::size_t stride = std::size_t(gridDim.x) * blockDim.x;
    for (std::size_t i = std::size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride)
        out[i] = value;
}

template <class As>
DeviceBuffer random(std::size_t count, std::uint64_t seed) {
    DeviceBuffer out(count * sizeof(typename As::Element));
    fill<As><<<1024, 256>>>(out.as<typename As::Element>(), count, seed);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());
    return out;
}

}  // namespace

float random_bf16_at(std::uint64_t seed, std::uint64_t index) {
    return __bfloat162float(AsBf16::at(seed, index));
}

float random_e4m3_at(std::uint64_t seed, std::uint64_t index) {
    return static_cast<float>(AsE4m3::at(seed, index));
}

std::uint8_t random_e4m3_bits_at(std::uint64_t seed, std::uint64_t index) {
    return AsE4m3::at(seed, index).__x;
}

std::uint8_t random_byte_at(std::uint64_t seed, std::uint64_t index) {
    return AsByte::at(seed, index);
}

float float_of_bf16(std::uint16_t bits) {
    return __bfloat162float(__nv_bfloat16(__nv_bfloat16_raw{bits}));
}

DeviceBuffer random_bf16(std::size_t count, std::uint64_t seed) {
    return random<AsBf16>(count, seed);
}

DeviceBuffer random_e4m3(std::size_t count, std::uint64_t seed) {
    return random<AsE4m3>(count, seed);
}

DeviceBuffer random_bytes(std::size_t count, std::uint64_t seed) {
    return random<AsByte>(count, seed);
}

DeviceBuffer uploaded(const void* data, std::size_t bytes) {
    DeviceBuffer out(bytes);
    CUDA_CHECK(cudaMemcpy(out.get(), data, bytes, cudaMemcpyHostToDevice));
    return out;
}

DeviceBuffer filled_bytes(std::size_t count, int value) {
    DeviceBuffer out(count);
    CUDA_CHECK(cudaMemset(out.get(), value, count));
    return out;
}

DeviceBuffer filled_floats(std::size_t count, float value) {
    DeviceBuffer out(count * sizeof(float));
    fill_floats<<<1024, 256>>>(out.as<float>(), count, value);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());
    return out;
}

}  // namespace isobath
