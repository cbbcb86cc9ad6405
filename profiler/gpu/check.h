/// How far sampled outputs of a kernel lie from a reference.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>

#include "profiler/gpu/memory.h"

namespace isobath {

struct GotWanted {
    double got, wanted;
};

/// Root of the mean square of the differences over that of the wanted values, for `samples` outputs that `at`
/// draws from a number that is spread over 0 .. 2^32; if all wanted values are 0, that of the values got.
inline double relative_rms(int samples, const std::function<GotWanted(std::uint64_t)>& at) {
    double off = 0, size = 0;
    for (int i = 0; i < samples; ++i) {
        const auto [got, wanted] = at((std::uint64_t(i) * 2654435761U) % (std::uint64_t{1} << 32));
        off += (got - wanted) * (got - wanted);
        size += wanted * wanted;
    }
    return std::sqrt(size > 0 ? off / size : off);
}

/// Element `index` of an array in device memory.
template <class T>
T element(const DeviceBuffer& buffer, std::uint64_t index) {
    T out{};
    CUDA_CHECK(cudaMemcpy(&out, buffer.as<T>() + index, sizeof out, cudaMemcpyDeviceToHost));
    return out;
}

}  // namespace isobath
