#include "profiler/attach/recorder.h"

#include <memory>

#include "profiler/attach/launch_ranges.h"
#include "profiler/attach/range_stack.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::attach;

namespace {

const std::string kGemm = R"({"kernel":"gemm","m":64,"n":7168,"k":2048,"implementation":"torch"})";

KernelRecord kernel(const char* name, std::uint64_t us, int grid = 1) {
    return {name, {grid, 1, 1}, {128, 1, 1}, 7, false, 1, 1000, 1000 + us * 1000};
}

RangeId begin(RangeTable& table, const std::string& text) {
    bool first = false;
    return table.begin(text, "", first);
}

}  // namespace

TEST_CASE("attach: launches of one name, grid and block are summed up, others stand apart",
          "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges);
    recorder.add(kernel("_Z4copyPf", 10), 0);
    recorder.add(kernel("_Z4copyPf", 30), 0);
    recorder.add(kernel("_Z4copyPf", 5, 2), 0);
    const RecordedKernels out = recorder.snapshot();
    REQUIRE(out.kernels.size() == 2);
    CHECK(out.kernels[0].launch.name == "copy(float*)");
    CHECK(out.kernels[0].times.count() == 2);
    CHECK(out.kernels[0].times.total.in(unit::us) == Approx(40));
    CHECK(out.kernels[1].launch.grid[0] == 2);
    CHECK(out.cost.records == 3);
}

TEST_CASE("attach: a range's time is the sum of its kernels, and a shape's the median of its ranges",
          "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges);
    for (const int extra : {0, 10, 100}) {  // 5 + 6, 5 + 16 and 5 + 106 us
        const RangeId range = begin(ranges, kGemm);
        recorder.add(kernel("splitK", 5), range);
        recorder.add(kernel("gemm", 6 + static_cast<std::uint64_t>(extra)), range);
    }
    begin(ranges, kGemm);  // launches nothing
    const RecordedKernels out = recorder.snapshot();
    REQUIRE(out.ranges.size() == 1);
    CHECK(out.ranges[0].what.implementation == "torch");
    CHECK(out.ranges[0].times.count() == 3);
    CHECK(out.ranges[0].times.histogram.median().in(unit::us) == Approx(21).epsilon(LogHistogram::kError));
    CHECK(out.ranges[0].kernels == std::vector<std::string>{"splitK", "gemm"});
    CHECK(out.cost.ranges == 4);
    CHECK(out.cost.empty_ranges == 1);
    REQUIRE(out.kernels.size() == 2);
    CHECK(out.kernels[0].launch.range->point[std::string_view("m")] == 64);
}

TEST_CASE("attach: further kinds of kernels than the tables hold are counted together, none is lost",
          "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges, {.launches = 10});
    for (int grid = 1; grid <= 1000; ++grid) recorder.add(kernel("k", 1, grid), 0);
    const RecordedKernels out = recorder.snapshot();
    CHECK(out.kernels.size() == 11);
    CHECK(out.total().in(unit::us) == Approx(1000));
    CHECK(out.kernels[0].launch.name == kOthers);
    CHECK(out.kernels[0].times.count() == 990);
    Recorder names(ranges, {.launches = 10});
    for (int i = 0; i < 1000; ++i) names.add(kernel(("k" + std::to_string(i)).c_str(), 1), 0);
    CHECK(names.snapshot().kernels.size() == 11);
}

TEST_CASE("attach: with ranges only, other kernels are counted and not kept", "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges, {.ranges_only = true});
    recorder.add(kernel("outside", 3), 0);
    recorder.add(kernel("inside", 4), begin(ranges, kGemm));
    const RecordedKernels out = recorder.snapshot();
    REQUIRE(out.kernels.size() == 2);
    CHECK(out.kernels[0].launch.name == "inside");
    CHECK(out.kernels[1].launch.name == kOthers);
}

TEST_CASE("attach: records without times count as dropped", "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges);
    recorder.add({"k", {1, 1, 1}, {1, 1, 1}, 0, false, 1, 0, 0}, 0);
    recorder.add({"k", {1, 1, 1}, {1, 1, 1}, 0, false, 1, 2000, 1000}, 0);
    recorder.add_dropped(3);
    CHECK(recorder.snapshot().cost.dropped == 5);
    CHECK(recorder.snapshot().kernels.empty());
}

TEST_CASE("attach: ranges whose kernels are still awaited stay within their number", "[profiler][attach]") {
    RangeTable ranges;
    Recorder recorder(ranges, {.ranges = 8});
    for (int i = 0; i < 100; ++i) recorder.add(kernel("gemm", 7), begin(ranges, kGemm));
    const RecordedKernels out = recorder.snapshot();
    CHECK(out.ranges.at(0).times.count() == 100);
    CHECK(out.ranges.at(0).times.most.in(unit::us) == Approx(7));
}

TEST_CASE("attach: a launch is tied to the innermost range that names a shape", "[profiler][attach]") {
    RangeStack stack;
    const int library = 0, other = 0;
    CHECK(stack.push(nullptr, 5) == 0);
    CHECK(stack.push(nullptr, 0) == 1);  // "forward": names no shape
    CHECK(stack.current() == 5);
    CHECK(stack.push(&library, 9) == 0);  // a domain counts its own levels
    CHECK(stack.current() == 9);
    CHECK(stack.pop(nullptr) == 1);  // domains need not nest in each other
    CHECK(stack.current() == 9);
    CHECK(stack.pop(&library) == 0);
    CHECK(stack.current() == 5);
    CHECK(stack.pop(&other) == -1);
    CHECK(stack.pop(nullptr) == 0);
    CHECK(stack.current() == 0);
    CHECK(stack.pop(nullptr) == -1);
    CHECK(stack.depth() == 0);
}

TEST_CASE("attach: a launch's range is known until as many later calls were made as there are places",
          "[profiler][attach]") {
    const auto launches = std::make_unique<LaunchRanges>();
    launches->put(7, 70);
    CHECK(launches->get(7) == 70);
    CHECK(launches->get(8) == 0);
    CHECK(launches->get(7 + LaunchRanges::kPlaces) == 0);
    launches->put(7 + LaunchRanges::kPlaces, 71);
    CHECK(launches->get(7) == 0);
    CHECK(launches->get(7 + LaunchRanges::kPlaces) == 71);
    CHECK(launches->get(0) == 0);
}

TEST_CASE("attach: a text is read once, and what looks like a shape and is none is counted",
          "[profiler][attach]") {
    RangeTable ranges;
    bool first      = false;
    const RangeId a = ranges.begin(kGemm, "", first);
    CHECK(first);
    const RangeId b = ranges.begin(kGemm, "", first);
    CHECK_FALSE(first);
    CHECK(a != b);
    CHECK(attach::point_of(a) == attach::point_of(b));
    CHECK(ranges.begin("forward", "", first) == 0);
    CHECK(ranges.unreadable() == 0);
    CHECK(ranges.begin("{\"kernel\": \"gem\"}", "", first) == 0);
    CHECK(ranges.unreadable() == 1);
    CHECK(ranges.points() == 1);
    CHECK(ranges.begun() == 2);
}
