#include "profiler/gpu/measure.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "profiler/gpu/cupti.h"
#include "profiler/gpu/dram_counter.h"
#include "profiler/gpu/timer.h"

namespace isobath {
namespace {

/// After a sample at a lowered clock the GPU gets this long to recover.
constexpr std::chrono::milliseconds kRest{20};

Seconds now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since).count() * unit::s;
}

const Fence kFence{"gate_kernel", ClockProbe::kKernel, "holder_kernel"};

MeasuredRow row_of(const Sampled& sampled) {
    MeasuredRow out;
    out.time      = sampled.times.median();
    out.spread    = sampled.times.spread();
    out.samples   = sampled.times.count();
    out.discarded = sampled.discarded;
    out.stopped   = sampled.stopped;
    out.clock_mhz = sampled.clock_mhz;
    return out;
}

/// Takes the row's time from activity records, if they tell of every sample that was taken.
void use_activity(MeasuredRow& out, const std::vector<SampleActivity>& activity,
                  const std::vector<bool>& counts) {
    if (activity.size() != counts.size()) return;
    Statistics spans;
    for (std::size_t i = 0; i < activity.size(); ++i) {
        if (activity[i].kernels.empty()) return;
        if (counts[i]) spans.add(activity[i].span);
    }
    if (spans.count() == 0) return;
    out.time    = spans.median();
    out.spread  = spans.spread();
    out.clock   = "cupti";
    out.kernels = activity.back().kernels;
}

}  // namespace

struct Measurer::Tools {
    Stream stream;
    EventTimer timer;
    L2Flush flush;
    StreamGate gate;
    ClockProbe probe;
    std::optional<KernelTrace> trace{std::in_place};
};

Measurer::Measurer(const StoppingRule& rule) : rule_(rule), tools_(std::make_unique<Tools>()) {}

Measurer::~Measurer() = default;

const std::string& Measurer::why_no_activity() const {
    return tools_->trace->why_not();
}

Sample Measurer::take(const Launch& launch) {
    const cudaStream_t stream = tools_->stream;
    if (launch.cold) tools_->flush(stream);
    tools_->gate.close(stream);
    if (!launch.gated) {  // the gate still marks where the sample begins
        tools_->gate.open();
        CUDA_CHECK(cudaStreamSynchronize(stream));
    }
    tools_->timer.start(stream);
    launch.run(stream);
    tools_->timer.stop(stream);
    tools_->probe(stream);
    tools_->gate.open();
    CUDA_CHECK(cudaStreamSynchronize(stream));
    return {tools_->timer.elapsed(), tools_->probe.mhz(), tools_->gate.held()};
}

void Measurer::warm_up(const Launch& launch) {
    launch.run(tools_->stream);  // the first launch pays for loading the module
    CUDA_CHECK(cudaStreamSynchronize(tools_->stream));
}

Sampled Measurer::samples(const Launch& launch, std::vector<bool>& counts) {
    return sample(
        rule_, judge_,
        [&] {
            counts.push_back(true);
            return take(launch);
        },
        now,
        [&] {
            counts.back() = false;
            std::this_thread::sleep_for(kRest);
        });
}

Bytes Measurer::count_dram(const Launch& launch) {
    if (!why_no_counters_.empty()) return {};
    const cudaStream_t stream = tools_->stream;
    tools_->trace.reset();
    Bytes out;
    {
        DramCounter counter;
        out = counter.count(
            [&] {
                if (launch.cold) tools_->flush(stream);
                CUDA_CHECK(cudaStreamSynchronize(stream));
            },
            [&] {
                launch.run(stream);
                CUDA_CHECK(cudaStreamSynchronize(stream));
            });
        why_no_counters_ = counter.why_not();
    }
    tools_->trace.emplace();
    return out;
}

Measured Measurer::measure(const Launch& launch, const Company& company) {
    warm_up(launch);
    const double error                 = launch.error ? launch.error() : -1;
    const std::shared_ptr<void> beside = company ? company() : nullptr;
    take(launch);
    tools_->trace->collected();  // what ran so far is no sample
    std::vector<bool> counts;
    Measured out{row_of(samples(launch, counts)), {}};
    out.row.error = error;
    out.by_events = out.row.time / launch.repeats;
    if (!launch.by_events) use_activity(out.row, by_sample(tools_->trace->collected(), kFence), counts);
    out.row.time = out.row.time / launch.repeats;
    return out;
}

}  // namespace isobath
