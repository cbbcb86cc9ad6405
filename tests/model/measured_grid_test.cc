#include "model/measured_grid.h"

#include <nlohmann/json.hpp>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/keep_points.h"
#include "model/calibrated_time.h"
#include "tests/allocations.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

MeasuredPoint point(int n, double x, double y, double us) {
    return {{n, 7168}, x, y, us * unit::us};
}

double us_at(const MeasuredGrid& grid, int n, double x, double y = 1) {
    return grid.at(n, 7168, x, y)->time.in(unit::us);
}

/// 2 us and 90 % of H200's bandwidth, on which m = 96 lies between 64 and 128.
KernelTable made_up_table() {
    KernelTable table{"t", "gemm_bf16", "made-up-1", "H200", "made up", {}};
    for (const int n : {2048, 4096, 8192})
        for (const int m : {1, 16, 64, 128}) {
            const Gemm shape{double(m), n, 7168, Format::bf16};
            const Seconds time = 2 * unit::us + work_of(shape).bytes / (0.9 * 4.8 * unit::TB / unit::s);
            table.samples.push_back({shape, time});
        }
    return table;
}

}  // namespace

TEST_CASE("grid: between two sizes the time's logarithm is a straight line", "[model][grid]") {
    const std::vector<MeasuredPoint> points{point(2048, 16, 1, 10), point(2048, 64, 1, 40),
                                            point(4096, 16, 1, 20)};
    const MeasuredGrid grid(points);
    CHECK(us_at(grid, 2048, 16) == Approx(10));
    CHECK(grid.at(2048, 7168, 16, 1)->exact);
    // 32 is halfway from 16 to 64 in logarithms: sqrt(10 * 40) = 20
    CHECK(us_at(grid, 2048, 32) == Approx(20));
    CHECK_FALSE(grid.at(2048, 7168, 32, 1)->exact);
}

TEST_CASE("grid: nothing is said beyond the grid, or of another shape", "[model][grid]") {
    const std::vector<MeasuredPoint> points{point(2048, 16, 1, 10), point(2048, 64, 1, 40)};
    const MeasuredGrid grid(points);
    CHECK_FALSE(grid.at(2048, 7168, 15.9, 1));
    CHECK_FALSE(grid.at(2048, 7168, 65, 1));
    CHECK_FALSE(grid.at(2048, 7168, 32, 2));
    CHECK_FALSE(grid.at(2049, 7168, 32, 1));
    CHECK_FALSE(MeasuredGrid().at(2048, 7168, 32, 1));
}

TEST_CASE("grid: in two directions a cell needs all of its corners", "[model][grid]") {
    // t = x * y: a straight line in both logarithms. The corner (4, 4096) was not measured.
    const std::vector<MeasuredPoint> points{point(128, 1, 1024, 1024), point(128, 2, 1024, 2048),
                                            point(128, 1, 4096, 4096), point(128, 2, 4096, 8192),
                                            point(128, 4, 1024, 4096)};
    const MeasuredGrid grid(points);
    CHECK(us_at(grid, 128, 1.5, 2000) == Approx(3000));
    CHECK(us_at(grid, 128, 3, 1024) == Approx(3072));  // on the edge, which is whole
    CHECK_FALSE(grid.at(128, 7168, 3, 2000));
}

TEST_CASE("grid: the interval is what points say of each other", "[model][grid]") {
    // 20 between 10 and 40 is exact; 22 there is wrong by a factor of 1.1
    const std::vector<MeasuredPoint> exact{point(1, 1, 1, 10), point(1, 2, 1, 20), point(1, 4, 1, 40)};
    const std::vector<MeasuredPoint> off{point(1, 1, 1, 10), point(1, 2, 1, 22), point(1, 4, 1, 40)};
    CHECK(neighbour_factor(exact) == Approx(1));
    CHECK(neighbour_factor(off) == Approx(1.1));
    CHECK(neighbour_factor({}) == 1);
}

TEST_CASE("calibrated: points go before the form, the form takes the rest", "[model][grid]") {
    const DataFiles data;
    const GpuSpec h200 = load_gpu(data, "h200");
    const auto table   = made_up_table();
    Calibration kept   = fit_calibration(h200, std::span(&table, 1), "x");
    kept.gpu           = "h200";
    const CalibratedTime without(h200, kept);
    keep_points(kept, std::span(&table, 1));
    const CalibratedTime with(h200, kept);
    const auto of = [&](double m, int n, int sms) { return with.cost(Gemm{m, n, 7168, Format::bf16}, sms); };
    CHECK(of(64, 4096, 132).estimate.source == Source::measured);
    CHECK(of(64, 4096, 132).estimate.time == table.samples[6].time);
    CHECK(of(96, 4096, 132).estimate.source == Source::interpolated);
    CHECK(of(96, 2112, 132).estimate.source == Source::fitted);
    CHECK(of(256, 4096, 132).estimate.source == Source::fitted);
    CHECK(of(64, 4096, 100).estimate.source == Source::fitted);  // points were measured on all SMs
    CHECK(of(96, 2112, 132).estimate.time ==
          without.cost(Gemm{96, 2112, 7168, Format::bf16}, 132).estimate.time);
    const CalibratedTime elsewhere(load_gpu(data, "h100"), kept);
    CHECK(elsewhere.cost(Gemm{64, 4096, 7168, Format::bf16}, 132).estimate.source == Source::assumed);
}

TEST_CASE("calibrated: asking a grid allocates nothing", "[model][grid]") {
    const std::vector<MeasuredPoint> points{point(2048, 16, 1, 10), point(2048, 64, 1, 40)};
    const MeasuredGrid grid(points);
    const std::size_t before = test::allocations();
    int found                = 0;
    for (double m = 16; m <= 64; ++m) found += grid.at(2048, 7168, m, 1).has_value();
    const std::size_t after = test::allocations();
    CHECK(after == before);
    CHECK(found == 49);
}

TEST_CASE("calibration: points are read back as they were written, a row to a line", "[hw][calibration]") {
    const auto table = made_up_table();
    Calibration kept = fit_calibration(load_gpu(DataFiles(), "h200"), std::span(&table, 1), "x");
    keep_points(kept, std::span(&table, 1));
    const std::string text  = to_json(kept);
    const Calibration again = read_calibration(nlohmann::json::parse(text), "x", "x.json");
    CHECK(to_json(again) == text);
    CHECK(text.find("[2048, 7168, 16.0, 1.0, ") != std::string::npos);
    CHECK(again.gemm_bf16.find()->points->points.size() == 12);
}
