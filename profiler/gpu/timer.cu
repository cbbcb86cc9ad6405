#include <chrono>

#include "profiler/gpu/timer.h"
#include "profiler/kernels/copy.h"

namespace {

constexpr std::uint64_t kProbeNs = 50'000;

__device__ std::uint64_t nanoseconds() {
    std::uint64_t t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
    return t;
}

/// The moment the GPU's nanoseconds tick on: they go forward in steps of 32 ns to 1 us, a step is an edge.
__device__ std::uint64_t next_tick() {
    const std::uint64_t before = nanoseconds();
    std::uint64_t now          = before;
    while (now == before) now = nanoseconds();
    return now;
}

__device__ void wait_until(std::uint64_t end) {
    while (nanoseconds() < end) {
    }
}

}  // namespace

// Outside namespaces: activity records are searched for its name.
__global__ void isobath_clock_probe(volatile std::uint64_t* cycles, volatile std::uint64_t* time) {
    const std::uint64_t start = next_tick();
    const long long from      = clock64();
    wait_until(start + kProbeNs);
    const std::uint64_t end = next_tick();
    *cycles                 = static_cast<std::uint64_t>(clock64() - from);
    *time                   = end - start;
}

__global__ void isobath_sleep(std::uint64_t time) {
    wait_until(nanoseconds() + time);
}

namespace isobath {
namespace {

/// Host memory that kernels write to and read from. The same address holds on both sides.
template <class T>
volatile T* shared_word() {
    void* out = nullptr;
    CUDA_CHECK(cudaHostAlloc(&out, sizeof(T), cudaHostAllocMapped | cudaHostAllocPortable));
    *static_cast<T*>(out) = {};
    return static_cast<T*>(out);
}

Seconds host_clock() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count() *
           unit::s;
}

std::uint64_t whole_ns(Seconds time) {
    return static_cast<std::uint64_t>(time.in(unit::ns));
}

}  // namespace

EventTimer::EventTimer() {
    CUDA_CHECK(cudaEventCreate(&start_));
    CUDA_CHECK(cudaEventCreate(&stop_));
}

EventTimer::~EventTimer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
}

Seconds EventTimer::elapsed() const {
    CUDA_CHECK(cudaEventSynchronize(stop_));
    float milliseconds = 0;
    CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start_, stop_));
    return milliseconds * unit::ms;
}

L2Flush::L2Flush() {
    int device = 0, bytes = 0, sms = 0;
    CUDA_CHECK(cudaGetDevice(&device));
    CUDA_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device));
    CUDA_CHECK(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device));
    blocks_ = 4 * sms;
    buffer_ = random_bytes(3 * (static_cast<std::size_t>(bytes) / 16 * 16), 99);
    sums_   = DeviceBuffer(sizeof(std::uint32_t) * static_cast<std::size_t>(blocks_));
}

void L2Flush::operator()(cudaStream_t stream) {
    kernels::launch_read_l2({static_cast<std::int64_t>(buffer_.bytes()), blocks_}, 1, buffer_.get(),
                            sums_.as<std::uint32_t>(), stream);
}

StreamGate::StreamGate(Seconds patience) : opened_(shared_word<int>()), patience_(patience) {}

StreamGate::~StreamGate() {
    *opened_ = 1;
    cudaFreeHost(const_cast<int*>(opened_));
}

void StreamGate::close(cudaStream_t stream) {
    *opened_   = 0;
    closed_at_ = host_clock();  // before the kernel starts, so that held() errs on the safe side
    kernels::launch_gate(const_cast<const int*>(opened_), patience_.in(unit::s), stream);
}

void StreamGate::open() {
    held_    = host_clock() - closed_at_ < patience_;
    *opened_ = 1;
}

ClockProbe::ClockProbe() : reading_(shared_word<Reading>()) {}

ClockProbe::~ClockProbe() {
    cudaFreeHost(const_cast<Reading*>(reading_));
}

void ClockProbe::operator()(cudaStream_t stream) {
    isobath_clock_probe<<<1, 1, 0, stream>>>(&reading_->cycles, &reading_->nanoseconds);
    CUDA_CHECK(cudaGetLastError());
}

int ClockProbe::mhz() const {
    const std::uint64_t time = reading_->nanoseconds;
    return time == 0 ? 0 : static_cast<int>(1000. * double(reading_->cycles) / double(time) + 0.5);
}

void launch_sleep(Seconds time, cudaStream_t stream) {
    isobath_sleep<<<1, 1, 0, stream>>>(whole_ns(time));
    CUDA_CHECK(cudaGetLastError());
}

}  // namespace isobath
