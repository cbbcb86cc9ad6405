#include "model/calibrate/judge.h"

#include "model/calibrate/fit_calibration.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

/// A GEMM of which each row takes 2 us and what HBM takes at nine tenths of H200's bandwidth, but for one.
KernelTable made_up_table() {
    KernelTable table{"t", "gemm_bf16", "made-up-1", "H200", "made up", {}};
    for (const int n : {2048, 4096, 8192, 16384})
        for (const int m : {1, 8, 32, 64, 128}) {
            const Gemm shape{double(m), n, 7168, Format::bf16};
            const Seconds time = 2 * unit::us + work_of(shape).bytes / (0.9 * 4.8 * unit::TB / unit::s);
            table.samples.push_back({shape, time, std::to_string(n) + "|" + std::to_string(m), m == 32});
        }
    return table;
}

}  // namespace

TEST_CASE("judge: a form that is right predicts rows and shapes that it has not seen", "[model][judge]") {
    const DataFiles data;
    const GpuSpec h200      = load_gpu(data, "h200");
    const KernelTable table = made_up_table();
    Calibration fitted      = fit_calibration(h200, std::span(&table, 1), "x");
    judge_calibration(fitted, h200, std::span(&table, 1));
    const auto& made_up = *fitted.gemm_bf16.find();
    CHECK(made_up.residuals.rows == 16);  // 20 less the four with m = 32
    REQUIRE(made_up.unseen.has_value());
    CHECK(made_up.unseen->held_back.rows == 4);
    CHECK(made_up.unseen->held_back.p90 < 0.05);
    CHECK(made_up.unseen->sites_left_out.rows == 20);
    CHECK(made_up.unseen->sites_left_out.p90 < 0.1);
    CHECK(made_up.unseen->sample.size() == 4);
}

TEST_CASE("judge: held-back rows never move a constant", "[model][judge]") {
    const GpuSpec h200 = load_gpu(DataFiles(), "h200");
    KernelTable table = made_up_table(), spoilt = table;
    for (KernelSample& row : spoilt.samples)
        if (row.held_back) row.time = 100 * row.time;
    CHECK(fit_calibration(h200, std::span(&table, 1), "x") ==
          fit_calibration(h200, std::span(&spoilt, 1), "x"));
}

TEST_CASE("judge: a table that holds nothing back is not judged", "[model][judge]") {
    const DataFiles data;
    const GpuSpec h800 = load_gpu(data, "h800");
    const auto tables  = load_kernel_tables(data, "h800");
    Calibration fitted = load_calibration(data, "h800"), before = fitted;
    judge_calibration(fitted, h800, tables);
    CHECK(fitted == before);
}

TEST_CASE("judge: a site is a shape, whatever its rows", "[model][judge]") {
    CHECK(site_of(Gemm{16, 2112, 7168, Format::bf16}) == "2112x7168");
    CHECK(site_of(MlaDecode{32, 1, 4096, 128, 512, 64, KvLayout::bf16}) == "128x4096");
}
