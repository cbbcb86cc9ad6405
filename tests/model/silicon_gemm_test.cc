#include <cstdlib>
#include <nlohmann/json.hpp>

#include "model/calibrate/fit_calibration.h"
#include "model/calibrate/fit_gemm_tables.h"
#include "model/calibrate/holdout.h"
#include "model/calibrate/silicon_kernels.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

const DataFiles kData;
constexpr const char* kGpus[] = {"h100", "h200", "b200"};

/// The folder of public kernel tables (CSV files of the aiconfigurator project), where the machine has one.
std::string silicon_folder() {
    const char* folder = std::getenv("ISOBATH_SILICON");
    return folder ? folder : "";
}

/// The tables of dense and batched products; none, with a warning, where there is no folder.
std::vector<KernelTable> product_tables(const std::string& gpu) {
    if (silicon_folder().empty()) {
        WARN("skipped: ISOBATH_SILICON names no folder of kernel tables");
        return {};
    }
    std::vector<KernelTable> tables = kernel_tables(read_silicon(silicon_folder(), gpu));
    std::erase_if(tables, [](const KernelTable& table) { return !is_silicon_product(table); });
    return tables;
}

/// Errors of `constants` on the rows of one kernel, as a benchmark on `gpu` would time them.
Residuals errors_on(const GemmConstants& constants, const GpuSpec& gpu, const Samples& rows) {
    std::vector<double> errors;
    for (const KernelSample& row : rows)
        errors.push_back(std::log(benchmark_time(constants, gpu, row.op) / row.time));
    return residuals_of(errors);
}

Samples rows_of(std::span<const KernelTable> tables, const std::string& kernel) {
    Samples out;
    for (const KernelTable& table : tables)
        if (table.kernel == kernel) out.insert(out.end(), table.samples.begin(), table.samples.end());
    return out;
}

/// What a family may miss on rows and on shapes that it was not fitted to: median and ninetieth percentile.
struct Goal {
    const char *gpu, *family;
    double row, row_p90, site, site_p90;
};

const Implementation<GemmConstants>* shipped(const Calibration& c, const std::string& family) {
    const Implementation<GemmConstants>* out = nullptr;
    each_family(c, [&](const char* key, const auto& each) {
        if constexpr (std::is_same_v<decltype(each), const KernelFamily<GemmConstants>&>)
            if (key == family) out = each.find();
    });
    return out;
}

}  // namespace

TEST_CASE("shipped products: errors on unseen rows and shapes are within their goals", "[model][silicon]") {
    // 6 % and 15 % are the goal. Above it: B200's BF16 rows on unseen shapes, whose neighbours at 1024 to
    // 8192 rows stray from each other by 8 % in the median and 20 % in the ninetieth percentile; and the
    // batched products in BF16 (and FP8 on B200), which were timed for two head counts only, on B200 by a
    // clock that ticks in steps of 2 us.
    const Goal goals[] = {
        {"h100", "gemm_bf16", 0.06, 0.15, 0.06, 0.15},
        {"h100", "gemm_fp8", 0.06, 0.15, 0.06, 0.15},
        {"h100", "gemm_fp8_tensor", 0.06, 0.15, 0.06, 0.15},
        {"h100", "batched_gemm_fp8", 0.06, 0.15, 0.06, 0.15},
        {"h100", "batched_gemm_bf16", 0.06, 0.15, 0.06, 0.15},
        {"h200", "gemm_bf16", 0.06, 0.15, 0.06, 0.15},
        {"h200", "gemm_fp8", 0.06, 0.15, 0.06, 0.15},
        {"h200", "gemm_fp8_tensor", 0.06, 0.15, 0.06, 0.15},
        {"h200", "batched_gemm_fp8", 0.06, 0.15, 0.06, 0.15},
        {"h200", "batched_gemm_bf16", 0.065, 0.15, 0.08, 0.18},
        {"b200", "gemm_bf16", 0.06, 0.15, 0.08, 0.20},
        {"b200", "gemm_fp8", 0.06, 0.15, 0.06, 0.15},
        {"b200", "gemm_fp8_tensor", 0.06, 0.15, 0.06, 0.15},
        {"b200", "gemm_fp4", 0.06, 0.15, 0.06, 0.15},
        {"b200", "batched_gemm_fp8", 0.06, 0.15, 0.08, 0.23},
        {"b200", "batched_gemm_bf16", 0.06, 0.16, 0.08, 0.22},
    };
    for (const Goal& goal : goals) {
        INFO(goal.gpu << " " << goal.family);
        const Calibration c = load_calibration(kData, goal.gpu);
        const auto* family  = shipped(c, goal.family);
        REQUIRE(family != nullptr);
        REQUIRE(family->unseen.has_value());
        CHECK(family->unseen->held_back.median <= goal.row);
        CHECK(family->unseen->held_back.p90 <= goal.row_p90);
        CHECK(family->unseen->sites_left_out.median <= goal.site);
        CHECK(family->unseen->sites_left_out.p90 <= goal.site_p90);
        CHECK(family->unseen->sites_left_out.coverage >= 0.7);
        CHECK(family->unseen->constants <= 12);
    }
}

TEST_CASE("shipped products: fitting the tables again gives the shipped constants", "[model][silicon]") {
    for (const char* name : kGpus) {
        const auto tables = product_tables(name);
        if (tables.empty()) return;
        const GpuSpec gpu         = load_gpu(kData, name);
        const Calibration again   = fit_calibration(gpu, tables, name);
        const Calibration shipped = load_calibration(kData, name);
        each_family(again, [&](const char* key, const auto& family) {
            if constexpr (std::is_same_v<decltype(family), const KernelFamily<GemmConstants>&>) {
                for (const auto& each : family.implementations) {
                    INFO(name << " " << key << " " << each.name);
                    const auto* before = ::shipped(shipped, key);
                    if (!before || before->name != each.name) continue;
                    CHECK(each.constants.compute.value ==
                          Approx(before->constants.compute.value).epsilon(1e-4));
                    CHECK(each.constants.launch.value.in(unit::us) ==
                          Approx(before->constants.launch.value.in(unit::us)).epsilon(1e-4));
                    CHECK(each.residuals.median == Approx(before->residuals.median).epsilon(1e-4));
                }
            }
        });
    }
}

TEST_CASE("shipped products: H100's constants and H200's data sheet predict H200's tables",
          "[model][silicon]") {
    const auto tables = product_tables("h200");
    if (tables.empty()) return;
    const GpuSpec h200     = load_gpu(kData, "h200");
    const Calibration h100 = load_calibration(kData, "h100");
    for (const char* kernel : {"gemm_bf16", "gemm_fp8_tensor", "gemm_fp8"}) {
        INFO(kernel);
        const Residuals r = errors_on(shipped(h100, kernel)->constants, h200, rows_of(tables, kernel));
        CHECK(r.rows == 154);
        CHECK(r.median < 0.06);
        CHECK(r.p90 < 0.17);
    }
}
