#include "profiler/gpu/device.h"

#include <array>
#include <ctime>

#include "profiler/cuda_check.h"
#include "profiler/gpu/nvml.h"
#include "profiler/gpu_name.h"

namespace isobath {
namespace {

int attribute(cudaDeviceAttr which, int device) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
}

std::string pci_of(int device) {
    std::array<char, 32> text{};
    CUDA_CHECK(cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device));
    return text.data();
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return text.data();
}

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Two transfers per clock.
BytesPerSecond memory_peak(int device) {
    const double kilohertz = attribute(cudaDevAttrMemoryClockRate, device);
    const double bits      = attribute(cudaDevAttrGlobalMemoryBusWidth, device);
    return 2 * kilohertz * 1e3 * bits * unit::bit / unit::s;
}

MeasuredDevice described(const cudaDeviceProp& properties, int index) {
    const Nvml nvml(pci_of(index));
    int driver = 0, runtime = 0;
    CUDA_CHECK(cudaDriverGetVersion(&driver));
    CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
    MeasuredDevice out;
    out.name              = properties.name;
    out.gpu               = gpu_preset_of(out.name);
    out.driver            = nvml.driver().empty() ? "CUDA " + version_text(driver) : nvml.driver();
    out.cuda              = version_text(runtime);
    out.date              = today();
    out.sm_count          = properties.multiProcessorCount;
    out.sm_clock_mhz      = nvml.highest_sm_clock_mhz();
    out.memory_clock_mhz  = nvml.highest_memory_clock_mhz();
    out.power_limit_watts = nvml.power_limit_watts();
    out.memory            = double(properties.totalGlobalMem) * unit::B;
    out.l2                = double(properties.l2CacheSize) * unit::B;
    return out;
}

}  // namespace

int gpu_count() {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::string no_gpu_reason() {
    int count               = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return {};
    if (error == cudaErrorInsufficientDriver || error == cudaErrorStubLibrary)
        return "no NVIDIA driver is here, or one too old for CUDA " + version_text(CUDART_VERSION);
    if (error == cudaSuccess || error == cudaErrorNoDevice) return "no GPU is here";
    return std::string("no GPU can be used: ") + cudaGetErrorString(error);
}

Device open_device(int index) {
    CUDA_CHECK(cudaSetDevice(index));
    cudaDeviceProp properties{};
    CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
    return {described(properties, index), index, properties.major, properties.minor, memory_peak(index)};
}

PeerMatrix peer_matrix() {
    const int count = gpu_count();
    PeerMatrix out(static_cast<std::size_t>(count), std::vector<bool>(static_cast<std::size_t>(count), true));
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < count; ++j) {
            int can = 1;
            if (i != j) CUDA_CHECK(cudaDeviceCanAccessPeer(&can, i, j));
            out[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = can != 0;
        }
    return out;
}

}  // namespace isobath
