#include "profiler/activity.h"

#include "tests/catch.h"

using namespace isobath;

namespace {

const Fence kFence{"gate", "probe", "holder"};

KernelActivity kernel(const std::string& name, std::uint64_t start, std::uint64_t end) {
    KernelActivity out;
    out.name     = name;
    out.start_ns = start;
    out.end_ns   = end;
    return out;
}

}  // namespace

TEST_CASE("activity: a sample lasts from its first start to its last end, whatever the order", "[profiler]") {
    // 1000..1400 and 1300..1900 overlap: the span is 900 ns, the sum 400 + 600.
    const auto samples = by_sample({kernel("second", 1300, 1900), kernel("gate", 0, 990),
                                    kernel("probe", 2000, 2100), kernel("first", 1000, 1400)},
                                   kFence);
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].span.in(unit::ns) == Approx(900));
    CHECK(samples[0].busy.in(unit::ns) == Approx(1000));
    CHECK(samples[0].kernels == std::vector<std::string>{"first", "second"});
}

TEST_CASE("activity: kernels outside fences and the one beside belong to no sample", "[profiler]") {
    const auto samples = by_sample({kernel("flush", 0, 5), kernel("gate", 10, 20), kernel("holder", 15, 500),
                                    kernel("a", 30, 40), kernel("probe", 50, 60), kernel("flush", 70, 80),
                                    kernel("gate", 90, 95), kernel("b", 100, 107), kernel("probe", 110, 120)},
                                   kFence);
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].kernels == std::vector<std::string>{"a"});
    CHECK(samples[1].span.in(unit::ns) == Approx(7));
}

TEST_CASE("activity: a sample whose fence was lost is not made up from its neighbours", "[profiler]") {
    // The first probe is missing: the second gate begins anew, and only its sample is told.
    const auto samples =
        by_sample({kernel("gate", 0, 1), kernel("a", 2, 3), kernel("gate", 10, 11), kernel("b", 12, 15),
                   kernel("probe", 20, 21), kernel("c", 30, 31), kernel("probe", 40, 41)},
                  kFence);
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].kernels == std::vector<std::string>{"b"});
}

TEST_CASE("activity: a lost end, and a sample without a kernel, have no span", "[profiler]") {
    const auto lost = by_sample({kernel("gate", 0, 1), kernel("a", 5, 0), kernel("probe", 20, 21)}, kFence);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].span == Seconds{});
    const auto empty = by_sample({kernel("gate", 0, 1), kernel("probe", 20, 21)}, kFence);
    REQUIRE(empty.size() == 1);
    CHECK(empty[0].kernels.empty());
    CHECK(by_sample({}, kFence).empty());
}
