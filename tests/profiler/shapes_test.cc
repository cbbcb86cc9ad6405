#include <algorithm>
#include <set>

#include "profiler/standard_shapes.h"
#include "profiler/work.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

const ShapeLimits kH100{81559 * unit::MiB, false};

Suite suite(const std::string& name, const ShapeLimits& limits = kH100) {
    for (Suite& each : standard_shapes(limits))
        if (each.name == name) return each;
    return {};
}

bool has(const Suite& in, const KernelPoint& point, int held = 0) {
    return std::find(in.points.begin(), in.points.end(), Wanted{point, held}) != in.points.end();
}

}  // namespace

TEST_CASE("shapes: suites come in the order in which they unlock each other", "[profiler]") {
    CHECK(suite_names() ==
          std::vector<std::string>{"ceilings", "gemm", "expert", "mla", "partition", "comm"});
}

TEST_CASE("shapes: every matrix is measured at 28 row counts from 1 to 16384 in three formats",
          "[profiler]") {
    // 15 powers of two from 1 to 16384, and 1.5 times those from 2 to 8192: 3, 6, ..., 12288, 13 of them.
    const Suite gemm = suite("gemm");
    std::set<std::int64_t> rows;
    for (const Wanted& each : gemm.points)
        if (each.point.kind == KernelKind::gemm && each.point["n"] == 2112) rows.insert(each.point["m"]);
    CHECK(rows.size() == 28);
    CHECK(*rows.begin() == 1);
    CHECK(*rows.rbegin() == 16384);
    CHECK(rows.count(12288) == 1);
    CHECK(std::count_if(gemm.points.begin(), gemm.points.end(),
                        [](const Wanted& w) { return w.point.kind == KernelKind::gemm; }) == 28 * 10 * 3);
}

TEST_CASE("shapes: MXFP8 and NVFP4 are asked of Blackwell alone", "[profiler]") {
    const KernelPoint nvfp4{KernelKind::gemm, "nvfp4", {64, 4096, 7168}};
    CHECK_FALSE(has(suite("gemm"), nvfp4));
    CHECK(has(suite("gemm", {180 * unit::GiB, true}), nvfp4));
}

TEST_CASE("shapes: what does not fit in 70 % of the memory is left out", "[profiler]") {
    // 256 requests of 131072 tokens at 1152 B: 38.7 GB, which an H100 (85.5 GB) holds and 40 GB do not.
    const KernelPoint large{KernelKind::mla_decode, "bf16", {256, 1, 131072, 128}};
    CHECK(has(suite("mla"), large));
    CHECK_FALSE(has(suite("mla", {40 * unit::GB, false}), large));
    for (const Suite& each : standard_shapes({40 * unit::GB, false}))
        for (const Wanted& w : each.points) CHECK(work_of(w.point).operands <= 28 * unit::GB);
}

TEST_CASE("shapes: partition asks for the same points with 0, 8, 20 and 32 SMs held", "[profiler]") {
    const Suite partition = suite("partition");
    const KernelPoint o{KernelKind::gemm, "fp8_block", {128, 7168, 16384}};
    for (const int held : {0, 8, 20, 32}) CHECK(has(partition, o, held));
    CHECK(partition.points.size() % 4 == 0);
}

TEST_CASE("shapes: no suite asks for a point twice, and every point is one that can be written and read",
          "[profiler]") {
    for (const Suite& each : standard_shapes({180 * unit::GiB, true})) {
        CHECK_FALSE(each.points.empty());
        CHECK(std::set<Wanted>(each.points.begin(), each.points.end()).size() == each.points.size());
        std::vector<KernelPoint> points;
        for (const Wanted& w : each.points) points.push_back(w.point);
        for (std::size_t i = 0; i < points.size(); i += 7) {
            const auto formats = formats_of(points[i].kind);
            CHECK(std::find(formats.begin(), formats.end(), points[i].format) != formats.end());
        }
    }
}
