#include "hw/recorded_kernels.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace isobath;

namespace {

const RangePoint kGemm{{KernelKind::gemm, "bf16", {64, 7168, 2048}}, "torch-2.8"};

RecordedKernels recording() {
    RecordedKernels out;
    out.device.name     = "NVIDIA H100 80GB HBM3";
    out.device.sm_count = 132;
    out.program         = "python serve.py";
    out.steps           = 10;
    out.cost.records    = 3;
    out.cost.host       = 5 * unit::us;
    RecordedKernel kernel{{"nvjet<\"tst\">", {132, 1, 1}, {384, 1, 1}, 7, true, kGemm}, {}};
    for (const double us : {10.0, 12.0, 40.0}) kernel.times.add(us * unit::us);
    out.kernels = {kernel};
    RecordedRange range{kGemm, {}, {"nvjet<\"tst\">", "splitK"}};
    for (const double us : {20.0, 22.0, 21.0}) range.times.add(us * unit::us);
    out.ranges = {range};
    return out;
}

std::string error_of(const nlohmann::json& json) {
    try {
        read_recorded_kernels(json, "r.json");
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("log histogram: a median is never off by more than its stated error", "[hw][recorded]") {
    // A bucket is 2^(1/64) wide and its middle is geometric: at most 2^(1/128) - 1 = 0.543 % off.
    for (double us = 0.05; us < 1e6; us *= 1.0137) {
        LogHistogram one;
        one.add(us * unit::us);
        CHECK(std::abs(one.median().in(unit::us) / us - 1) < LogHistogram::kError);
    }
    LogHistogram many;
    for (int i = 1; i <= 999; ++i) many.add(i * unit::us);
    CHECK(many.median().in(unit::us) == Approx(500).epsilon(LogHistogram::kError));
    CHECK(many.quantile(0.9).in(unit::us) == Approx(899.2).epsilon(LogHistogram::kError));
    CHECK(many.spread() == Approx(499.0 / 500).epsilon(0.02));
}

TEST_CASE("log histogram: times of a second and of nothing are counted in the last buckets",
          "[hw][recorded]") {
    LogHistogram ends;
    ends.add(Seconds{});
    ends.add(1e9 * unit::s);
    REQUIRE(ends.buckets().size() == 2);
    CHECK(ends.buckets()[0].index == 0);
    CHECK(ends.buckets()[1].index == LogHistogram::kBuckets - 1);
    CHECK(LogHistogram{}.median() == Seconds{});
}

TEST_CASE("recorded kernels: a file gives back what was recorded", "[hw][recorded]") {
    const RecordedKernels before = recording();
    const RecordedKernels after  = read_recorded_kernels(nlohmann::json::parse(to_text(before)), "r.json");
    CHECK(after.device == before.device);
    CHECK(after.kernels == before.kernels);
    CHECK(after.ranges == before.ranges);
    CHECK(after.cost == before.cost);
    CHECK(after.steps == 10);
}

TEST_CASE("recorded kernels: two processes merge into what one would have recorded", "[hw][recorded]") {
    RecordedKernels both = recording();
    RecordedKernels more = recording();
    more.kernels.push_back({{"other", {1, 1, 1}, {32, 1, 1}}, {}});
    more.kernels.back().times.add(1 * unit::ms);
    merge(both, more);
    REQUIRE(both.kernels.size() == 2);
    CHECK(both.kernels[0].launch.name == "other");  // most time first
    CHECK(both.kernels[1].times.count() == 6);
    CHECK(both.kernels[1].times.least == 10 * unit::us);
    CHECK(both.total().in(unit::us) == Approx(2 * 62 + 1000));
    CHECK(both.ranges.at(0).times.count() == 6);
    CHECK(both.processes == 2);
    CHECK(both.cost.records == 6);
}

TEST_CASE("recorded kernels: a range with a shape becomes a measured row", "[hw][recorded]") {
    const Measurements rows = measured_ranges(recording());
    REQUIRE(rows.rows.size() == 1);
    CHECK(rows.rows[0].point == kGemm.point);
    CHECK(rows.rows[0].implementation == "torch-2.8");
    CHECK(rows.rows[0].time.in(unit::us) == Approx(21).epsilon(LogHistogram::kError));
    CHECK(rows.rows[0].samples == 3);
    CHECK(rows.rows[0].clock == "cupti");
    CHECK(read_measurements(to_line(rows.device) + to_line(rows.rows[0]), "m").at(0).rows == rows.rows);
}

TEST_CASE("recorded kernels: only a shape as JSON names a range", "[hw][recorded]") {
    const auto range =
        parse_range(R"({"kernel":"gemm","m":64,"n":7168,"k":2048,"implementation":"torch-2.8"})");
    REQUIRE(range);
    CHECK(*range == kGemm);
    CHECK(parse_range(R"({"kernel":"rms_norm","rows":1,"columns":2})", "flashinfer")->implementation ==
          "flashinfer");
    CHECK(parse_range(R"({"kernel":"rms_norm","rows":1,"columns":2})")->implementation == "recorded");
    CHECK_FALSE(parse_range("forward"));
    CHECK_FALSE(parse_range("{"));
    CHECK_FALSE(parse_range(R"({"kernel":"gemm","m":64})"));
    CHECK_FALSE(parse_range(R"({"kernel":"rms_norm","rows":1,"columns":2,"colour":3})"));
}

TEST_CASE("recorded kernels: a wrong file is named with the place", "[hw][recorded]") {
    nlohmann::json json             = nlohmann::json::parse(to_text(recording()));
    json["kernels"][0]["histogram"] = {{5000, 1}};
    CHECK_THAT(error_of(json), Catch::Contains("r.json: /kernels/0/histogram: expected whole numbers"));
    json["kernels"][0]["histogram"] = {{500, 1}};
    CHECK_THAT(error_of(json), Catch::Contains("/kernels/0/count: is not the sum of the histogram"));
    json["kernels"][0]["grid"] = {1, 2};
    CHECK_THAT(error_of(json), Catch::Contains("/kernels/0/grid: expected three numbers"));
}
