/// Bandwidth of device memory and L2, and a kernel that takes SMs away.
#include "profiler/gpu/memory.h"

#include <algorithm>
#include <thread>

#include "profiler/gpu/check.h"
#include "profiler/gpu/timer.h"
#include "profiler/kernels/copy.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

constexpr int kL2Rounds       = 32;
constexpr double kLongestHold = 10;  ///< seconds

std::string multiple_of_16(const KernelPoint& point) {
    return point["bytes"] % 16 == 0 ? "" : "bytes must be a multiple of 16";
}

/// Both ends of a copy or a read; random, since zeros may be compressed on the way.
struct Operands {
    DeviceBuffer from, to;
    explicit Operands(std::int64_t bytes, std::size_t to_bytes)
        : from(random_bytes(static_cast<std::size_t>(bytes), 1)), to(filled_bytes(to_bytes, 0)) {}
};

/// Bytes of a copy that did not arrive, among some that are looked at.
double copy_error(const Operands& operands, std::int64_t bytes) {
    return relative_rms(64, [&](std::uint64_t draw) {
        const std::uint64_t at = draw % static_cast<std::uint64_t>(bytes);
        return GotWanted{double(element<std::uint8_t>(operands.to, at)), double(random_byte_at(1, at))};
    });
}

int full_blocks(const Device& device) {
    return 4 * device.described.sm_count;
}

Launch copy(const KernelPoint& point, int blocks) {
    const std::int64_t bytes = point["bytes"];
    auto operands            = std::make_shared<Operands>(bytes, static_cast<std::size_t>(bytes));
    return {.run =
                [=](cudaStream_t stream) {
                    kernels::launch_copy({bytes, blocks}, operands->from.get(), operands->to.get(), stream);
                },
            .error = [=] { return copy_error(*operands, bytes); }};
}

Launch memcpy_of(const KernelPoint& point) {
    const auto bytes = static_cast<std::size_t>(point["bytes"]);
    auto operands    = std::make_shared<Operands>(point["bytes"], bytes);
    return {.run =
                [=](cudaStream_t stream) {
                    CUDA_CHECK(cudaMemcpyAsync(operands->to.get(), operands->from.get(), bytes,
                                               cudaMemcpyDeviceToDevice, stream));
                },
            .by_events = true};
}

Launch read(const KernelPoint& point, int blocks) {
    const std::int64_t bytes = point["bytes"];
    auto operands            = std::make_shared<Operands>(bytes, sizeof(std::uint32_t) * std::size_t(blocks));
    return {.run = [=](cudaStream_t stream) {
        kernels::launch_read({bytes, blocks}, operands->from.get(), operands->to.as<std::uint32_t>(), stream);
    }};
}

/// Many rounds in one launch, so that neither the first, which comes from device memory, nor the launch
/// counts.
Launch read_l2(const KernelPoint& point, int blocks) {
    const std::int64_t bytes = point["bytes"];
    auto operands            = std::make_shared<Operands>(bytes, sizeof(std::uint32_t) * std::size_t(blocks));
    return {.run =
                [=](cudaStream_t stream) {
                    kernels::launch_read_l2({bytes, blocks}, kL2Rounds, operands->from.get(),
                                            operands->to.as<std::uint32_t>(), stream);
                },
            .repeats = kL2Rounds,
            .cold    = false};
}

std::string fits_l2(const KernelPoint& point, Bytes l2) {
    if (!multiple_of_16(point).empty()) return multiple_of_16(point);
    return double(point["bytes"]) * unit::B <= l2 ? "" : "does not fit in L2, which holds " + to_string(l2);
}

/// What hold_sms() started: stops it and waits for its end.
struct SmHolder {
    static constexpr std::int64_t kBytes = 256 << 20;

    Stream stream;
    Operands operands{kBytes, kBytes};
    DeviceBuffer rounds;
    volatile int* stop = nullptr;

    explicit SmHolder(int sms) : rounds(sizeof(unsigned long long) * static_cast<std::size_t>(sms)) {
        void* word = nullptr;
        CUDA_CHECK(cudaHostAlloc(&word, sizeof(int), cudaHostAllocMapped));
        stop  = static_cast<int*>(word);
        *stop = 0;
        kernels::launch_holder({sms, kBytes, kLongestHold}, operands.from.get(), operands.to.get(),
                               const_cast<const int*>(stop), rounds.as<unsigned long long>(), stream);
    }
    ~SmHolder() {
        *stop = 1;
        cudaStreamSynchronize(stream);
        cudaFreeHost(const_cast<int*>(stop));
    }
    SmHolder(const SmHolder&)            = delete;
    SmHolder& operator=(const SmHolder&) = delete;
};

}  // namespace

void add_memory_benches(std::vector<Bench>& out, const Device& device) {
    const int blocks = full_blocks(device);
    const Bytes l2   = device.described.l2;
    out.push_back(
        {"isobath", {KernelKind::copy}, multiple_of_16, [=](const auto& p) { return copy(p, blocks); }});
    out.push_back(
        {"cudaMemcpyAsync " + device.described.cuda, {KernelKind::copy}, multiple_of_16, memcpy_of});
    out.push_back(
        {"isobath", {KernelKind::read}, multiple_of_16, [=](const auto& p) { return read(p, blocks); }});
    out.push_back({"isobath",
                   {KernelKind::l2_read},
                   [=](const auto& p) { return fits_l2(p, l2); },
                   [=](const auto& p) { return read_l2(p, blocks); }});
}

std::shared_ptr<void> hold_sms(int sms) {
    auto out = std::make_shared<SmHolder>(sms);
    // The holder must have its SMs before the first sample asks for them.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return out;
}

}  // namespace isobath
