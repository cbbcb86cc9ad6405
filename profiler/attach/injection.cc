// libisobath-attach.so: the CUDA driver loads it by CUDA_INJECTION64_PATH and calls InitializeInjection.
//
// Kernels come from CUPTI's activity records. A launch is tied to its range by a callback at the launch,
// which notes the call's number beside the thread's range; callbacks are switched on at the first range that
// names a shape, so a program without any pays for one activity record a kernel and nothing else. A CUDA
// graph's kernels carry the number of the graph's launch and so belong to the range around it.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <unistd.h>

#include "hw/text.h"
#include "hw/whole_file.h"
#include "profiler/attach/buffer_pool.h"
#include "profiler/attach/cupti_api.h"
#include "profiler/attach/cupti_records.h"
#include "profiler/attach/environment.h"
#include "profiler/attach/launch_ranges.h"
#include "profiler/attach/recorder.h"
#include "profiler/attach/thread_ranges.h"

namespace isobath::attach {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBufferBytes = 1 << 20, kMostBuffers = 64;
/// A program that is killed loses what came after the last writing.
constexpr auto kWriteEvery = std::chrono::seconds(5);

/// Everything of one process; made once and never destroyed, because the driver's threads outlive static
/// objects.
struct Attached {
    CuptiApi cupti;
    BufferPool buffers{kBufferBytes, kMostBuffers};
    LaunchRanges launches;
    Recorder recorder;
    Wishes wishes;
    pid_t pid = getpid();
    std::mutex device_mutex;
    MeasuredDevice device;
    std::atomic<std::int64_t> worker_ns{0};
    std::atomic<std::uint64_t> records{0};
    std::mutex write_mutex;

    explicit Attached(Wishes w)
        : cupti(load_cupti()),
          recorder(range_table(), {.ranges_only = w.ranges_only}),
          wishes(std::move(w)) {}
};

Attached* attached = nullptr;

void say(const std::string& what) {
    std::cerr << "isobath-attach: " + what + "\n";
}

void CUPTIAPI request_buffer(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
    *buffer       = attached->buffers.take();
    *size         = *buffer ? kBufferBytes : 0;
    *most_records = 0;  // as many as fit
}

void take_record(const CUpti_Activity& record) {
    if (record.kind == CUPTI_ACTIVITY_KIND_DEVICE) {
        const std::lock_guard lock(attached->device_mutex);
        if (attached->device.name.empty()) attached->device = device_of(record);
        return;
    }
    if (record.kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) return;
    const KernelRecord kernel = kernel_of(record);
    attached->recorder.add(kernel, attached->launches.get(kernel.correlation));
    ++attached->records;
}

void CUPTIAPI buffer_completed(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t,
                               std::size_t valid) {
    const auto begun       = Clock::now();
    CUpti_Activity* record = nullptr;
    while (buffer && attached->cupti.next(buffer, valid, &record) == CUPTI_SUCCESS) take_record(*record);
    std::size_t dropped = 0;
    if (attached->cupti.dropped(context, stream, &dropped) == CUPTI_SUCCESS && dropped > 0)
        attached->recorder.add_dropped(dropped);
    attached->buffers.give_back(buffer);
    attached->worker_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun).count();
}

void CUPTIAPI at_launch(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void* data) {
    const RangeId range = current_range();
    const auto& call    = *static_cast<const CUpti_CallbackData*>(data);
    if (range != 0 && call.callbackSite == CUPTI_API_ENTER) attached->launches.put(call.correlationId, range);
}

constexpr CUpti_CallbackId kRuntimeLaunches[] = {
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000,
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_ptsz_v7000,
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchCooperativeKernel_v9000,
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchCooperativeKernel_ptsz_v9000,
    CUPTI_RUNTIME_TRACE_CBID_cudaGraphLaunch_v10000,
    CUPTI_RUNTIME_TRACE_CBID_cudaGraphLaunch_ptsz_v10000,
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernelExC_v11060,
    CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernelExC_ptsz_v11060,
    505,
    506};  // __cudaLaunchKernel, from CUDA 13 on
constexpr CUpti_CallbackId kDriverLaunches[] = {CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel,
                                                CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel_ptsz,
                                                CUPTI_DRIVER_TRACE_CBID_cuLaunchCooperativeKernel,
                                                CUPTI_DRIVER_TRACE_CBID_cuLaunchCooperativeKernel_ptsz,
                                                CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch,
                                                CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch_ptsz,
                                                CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx,
                                                CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx_ptsz};

/// Some of these calls are missing in older versions, which refuse them and take the others.
void watch_launches() {
    CUpti_SubscriberHandle subscriber = nullptr;
    const CUptiResult result          = attached->cupti.subscribe(&subscriber, at_launch, nullptr);
    if (result != CUPTI_SUCCESS)
        return say("launches cannot be tied to ranges: " + attached->cupti.text_of(result));
    for (const CUpti_CallbackId id : kRuntimeLaunches)
        attached->cupti.enable_callback(1, subscriber, CUPTI_CB_DOMAIN_RUNTIME_API, id);
    for (const CUpti_CallbackId id : kDriverLaunches)
        attached->cupti.enable_callback(1, subscriber, CUPTI_CB_DOMAIN_DRIVER_API, id);
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    char text[16] = "";
    gmtime_r(&now, &utc);
    std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
    return text;
}

/// The program and its script, without arguments that may be private.
std::string program_name() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::string first, second;
    std::getline(file, first, '\0');
    std::getline(file, second, '\0');
    return clipped(second.empty() || second.starts_with('-') ? first : first + " " + second, 200);
}

MeasuredDevice device_now() {
    const std::lock_guard lock(attached->device_mutex);
    MeasuredDevice device = attached->device;
    std::uint32_t version = 0;
    attached->cupti.version(&version);
    if (device.name.empty()) device.name = "unknown";
    device.sm_count           = std::max(1, device.sm_count);
    device.libraries["cupti"] = std::to_string(version);
    device.date               = today();
    return device;
}

void write() {
    const std::lock_guard lock(attached->write_mutex);
    RecordedKernels out = attached->recorder.snapshot();
    if (out.cost.records == 0 && out.cost.dropped == 0) return;
    out.device  = device_now();
    out.program = program_name();
    out.steps   = attached->wishes.steps;
    out.cost.memory_bound += double(attached->buffers.bytes() + LaunchRanges::bytes()) * unit::B;
    out.cost.host   = time_in_ranges();
    out.cost.worker = double(attached->worker_ns.load()) * unit::ns;
    if (!write_whole(attached->wishes.file_of(attached->pid), to_text(out)))
        say("cannot write " + attached->wishes.file_of(attached->pid));
}

/// A forked child holds a copy of all this and must not write under its parent's name.
void at_exit() {
    if (!attached || getpid() != attached->pid) return;
    attached->cupti.flush(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    write();
}

void write_now_and_then() {
    for (std::uint64_t before = 0;;) {
        std::this_thread::sleep_for(kWriteEvery);
        attached->cupti.flush(0);
        const std::uint64_t now = attached->records;
        if (now != before) write();
        before = now;
    }
}

bool start(CuptiApi& cupti) {
    CUptiResult result = cupti.register_callbacks(request_buffer, buffer_completed);
    for (const CUpti_ActivityKind kind : {CUPTI_ACTIVITY_KIND_DEVICE, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL})
        if (result == CUPTI_SUCCESS) result = cupti.enable(kind);
    if (result != CUPTI_SUCCESS) say("nothing is recorded: " + cupti.text_of(result));
    return result == CUPTI_SUCCESS;
}

void attach() {
    attached = new Attached(read_wishes());
    if (!attached->cupti.why_not.empty()) return say("nothing is recorded: " + attached->cupti.why_not);
    if (!start(attached->cupti)) return;
    on_first_range(watch_launches);
    std::atexit(at_exit);
    std::thread(write_now_and_then).detach();
}

}  // namespace
}  // namespace isobath::attach

/// Never fails: a program is not to suffer from being watched.
extern "C" __attribute__((visibility("default"))) int InitializeInjection() {
    static std::once_flag once;
    std::call_once(once, [] {
        try {
            isobath::attach::attach();
        } catch (const std::exception& e) {
            std::cerr << std::string("isobath-attach: nothing is recorded: ") + e.what() + "\n";
        }
    });
    return 1;
}
