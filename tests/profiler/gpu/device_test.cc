/// What only a GPU can show. Without one each of these says so and is skipped.
#include <iostream>

#include "profiler/gpu/measure.h"
#include "profiler/gpu/timer.h"
#include "profiler/suites/suites.h"
#include "profiler/work.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

bool no_gpu() {
    const std::string reason = no_gpu_reason();
    if (!reason.empty()) std::cout << "skipped: " << reason << "\n";
    return !reason.empty();
}

Measured measure(const KernelPoint& point) {
    Device device = open_device(0);
    for (const Bench& bench : all_benches(device))
        if (serves(bench, point) && bench.why_not(point).empty())
            return Measurer(StoppingRule{}).measure(bench.prepare(point));
    return {};
}

}  // namespace

TEST_CASE("gpu: a kernel that sleeps for a known time is measured within 2 %, by both clocks", "[gpu]") {
    if (no_gpu()) return;
    open_device(0);
    Measurer measurer(StoppingRule{});
    for (const Seconds time : {200 * unit::us, 2 * unit::ms}) {
        const Measured out =
            measurer.measure({.run = [=](cudaStream_t stream) { launch_sleep(time, stream); }});
        CHECK(out.row.time / time == Approx(1).epsilon(0.02));
        CHECK(out.by_events / time == Approx(1).epsilon(0.03));
    }
}

TEST_CASE("gpu: a gate holds what is behind it, and lets go by itself", "[gpu]") {
    if (no_gpu()) return;
    open_device(0);
    const Stream stream;
    StreamGate gate(50 * unit::ms);
    gate.close(stream);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    gate.open();
    CUDA_CHECK(cudaStreamSynchronize(stream));
    CHECK(gate.held());
    gate.close(stream);
    CUDA_CHECK(cudaStreamSynchronize(stream));  // nobody opens it: would hang if it had no patience
    gate.open();
    CHECK_FALSE(gate.held());
}

TEST_CASE("gpu: the clock probe reads between 100 MHz and 4 GHz", "[gpu]") {
    if (no_gpu()) return;
    open_device(0);
    const Stream stream;
    ClockProbe probe;
    probe(stream);
    CUDA_CHECK(cudaStreamSynchronize(stream));
    CHECK(probe.mhz() > 100);
    CHECK(probe.mhz() < 4000);
}

TEST_CASE("gpu: a large copy reaches half of the memory's peak and not more than all of it", "[gpu]") {
    if (no_gpu()) return;
    const KernelPoint point{KernelKind::copy, "bf16", {std::int64_t{1} << 30}};
    const Measured out        = measure(point);
    const BytesPerSecond peak = open_device(0).memory_peak;
    REQUIRE(out.row.samples > 0);
    CHECK(work_of(point).traffic / out.row.time > 0.5 * peak);
    CHECK(impossible(point, out.row.time, peak).empty());
}

TEST_CASE("gpu: products agree with float64, in every format that the GPU has", "[gpu]") {
    if (no_gpu()) return;
    Device device = open_device(0);
    for (const auto format : formats_of(KernelKind::gemm)) {
        const KernelPoint point{KernelKind::gemm, std::string(format), {128, 4096, 7168}};
        const Measured out = measure(point);
        if (out.row.samples == 0) continue;
        INFO(format);
        CHECK(out.row.error >= 0);
        CHECK(out.row.error <
              0.01);  // BF16 outputs round by up to 2^-9; FP8's fast accumulation by some 2^-7
    }
}
