#include "profiler/gpu/nvml.h"

#include <array>

namespace isobath {
namespace {

// nvml.h is no part of the toolkit's headers here; these are its documented signatures and constants.
constexpr int kSuccess = 0, kClockSm = 1, kClockMemory = 2;
using Init      = int();
using ByPci     = int(const char*, void**);
using Clock     = int(void*, int, unsigned*);
using Milliwatt = int(void*, unsigned*);
using Version   = int(char*, unsigned);

}  // namespace

Nvml::Nvml(const std::string& pci) : library_(Library::open({{"libnvidia-ml.so.1"}, {}})) {
    Init* init    = nullptr;
    ByPci* by_pci = nullptr;
    library_.bind(init, "nvmlInit_v2");
    library_.bind(by_pci, "nvmlDeviceGetHandleByPciBusId_v2");
    if (init == nullptr || by_pci == nullptr || init() != kSuccess) return;
    if (by_pci(pci.c_str(), &device_) != kSuccess) device_ = nullptr;
}

int Nvml::highest_clock(int domain) const {
    Clock* get = nullptr;
    library_.bind(get, "nvmlDeviceGetMaxClockInfo");
    unsigned mhz = 0;
    return device_ != nullptr && get != nullptr && get(device_, domain, &mhz) == kSuccess
               ? static_cast<int>(mhz)
               : 0;
}

double Nvml::milli(const char* function) const {
    Milliwatt* get = nullptr;
    library_.bind(get, function);
    unsigned value = 0;
    return device_ != nullptr && get != nullptr && get(device_, &value) == kSuccess ? value / 1000. : 0;
}

int Nvml::highest_sm_clock_mhz() const {
    return highest_clock(kClockSm);
}

int Nvml::highest_memory_clock_mhz() const {
    return highest_clock(kClockMemory);
}

double Nvml::power_limit_watts() const {
    return milli("nvmlDeviceGetEnforcedPowerLimit");
}

double Nvml::power_watts() const {
    return milli("nvmlDeviceGetPowerUsage");
}

std::string Nvml::driver() const {
    Version* get = nullptr;
    library_.bind(get, "nvmlSystemGetDriverVersion");
    std::array<char, 80> text{};
    return get != nullptr && get(text.data(), text.size()) == kSuccess ? text.data() : "";
}

}  // namespace isobath
