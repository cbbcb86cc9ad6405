#include "model/calibrate/measured_tables.h"

#include <cmath>

#include "hw/spec_reader.h"
#include "model/calibrate/fit_calibration.h"
#include "model/forms_gemm.h"
#include "model/kernel_forms.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

const DataFiles kData;

template <class T>
Fitted<T> known(T value) {
    return {value, value, value};
}

Measurements h100() {
    Measurements out;
    out.device.name = "NVIDIA H100 80GB HBM3";
    out.device.gpu  = "h100";
    return out;
}

MeasuredRow row(const KernelPoint& point, Seconds time, const std::string& implementation) {
    MeasuredRow out;
    out.point          = point;
    out.time           = time;
    out.implementation = implementation;
    return out;
}

/// Norms and quantise kernels that start in `launch` and then draw `share` of the bandwidth.
void add_streaming(Measurements& out, const GpuSpec& gpu, Seconds launch, double share,
                   const std::string& implementation) {
    const Machine machine = machine_of(gpu, Math::bf16);
    const OverlapConstants c{known(launch), known(1.0), known(share), {}, 1};
    for (const KernelKind kind : {KernelKind::rms_norm, KernelKind::quantise})
        for (std::int64_t rows = 1; rows <= 65536; rows *= 4) {
            const KernelPoint point{kind, std::string(formats_of(kind).front()), {rows, 7168}};
            std::string why;
            const Bytes bytes = std::get<Streaming>(fitted_kernel(point, why)->op).bytes;
            const auto form   = overlap_time(c, machine, Flops{}, bytes, gpu.sm_count, Hiding::partial);
            out.rows.push_back(row(point, form.time, implementation));
        }
}

/// BF16 products timed from a cold L2 by the pipelined form with these constants.
GemmConstants product_constants() {
    GemmConstants c{
        known(2 * unit::us), known(0.5 * unit::us), known(0.1 * unit::us), known(0.7), known(0.9), 256};
    c.pipeline = PipelineConstants{known(0.2), known(0.95), known(1 * unit::us), {}, 32, 8};
    return c;
}

void add_products(Measurements& out, const GpuSpec& gpu, const std::string& implementation) {
    const Machine machine = machine_of(gpu, Math::bf16);
    for (const auto& [n, k] :
         {std::pair{2112, 7168}, {24576, 1536}, {7168, 16384}, {4096, 7168}, {7168, 2048}})
        for (std::int64_t m = 1; m <= 8192; m *= 2) {
            const KernelPoint point{KernelKind::gemm, "bf16", {m, n, k}};
            const BatchedGemm shape{1, double(m), n, k, Format::bf16};
            out.rows.push_back(row(point,
                                   pipelined_time(product_constants(), machine, shape, gpu.sm_count).time,
                                   implementation));
        }
}

const KernelTable& table(const MeasuredTables& tables, const std::string& kernel) {
    for (const KernelTable& each : tables.tables)
        if (each.kernel == kernel) return each;
    throw std::runtime_error("no table of " + kernel);
}

}  // namespace

TEST_CASE("measured tables: a shape becomes the model's kernel with its least bytes", "[model][calibrate]") {
    std::string why;
    const auto bytes = [&](const KernelPoint& point) {
        return std::get<Streaming>(fitted_kernel(point, why)->op).bytes.in(unit::B);
    };
    // 10 rows of 128: read and written in BF16, 2 * 2 * 128 B each
    CHECK(bytes({KernelKind::rms_norm, "bf16", {10, 128}}) == Approx(5120));
    // BF16 in, 1 B and a 128th of an FP32 scale out: 10 * 128 * (2 + 1 + 4 / 128)
    CHECK(bytes({KernelKind::quantise, "fp8_block", {10, 128}}) == Approx(3880));
    // both halves in BF16, BF16 out: 10 * 128 * 6
    CHECK(bytes({KernelKind::swiglu, "bf16", {10, 128}}) == Approx(7680));
    // one row read and eight written: 10 * 9 * 128 * 2
    CHECK(bytes({KernelKind::permute, "bf16", {10, 128, 256, 8}}) == Approx(23040));
    // rows from 80 to 120: variance 40^2 / 12
    const auto grouped =
        fitted_kernel({KernelKind::grouped_gemm, "fp8_block", {4, 100, 20, 7168, 2048, 1}}, why);
    CHECK(grouped->kernel == "grouped_contiguous");
    CHECK(std::get<GroupedGemm>(grouped->op).row_variance == Approx(1600.0 / 12));
    CHECK(std::get<GroupedGemm>(grouped->op).rows == 400);
}

TEST_CASE("measured tables: what is no kernel of a step reaches no fit, and why is said",
          "[model][calibrate]") {
    std::string why;
    CHECK_FALSE(fitted_kernel({KernelKind::copy, "bf16", {1 << 20}}, why));
    CHECK(why == "a ceiling, not a kernel of a step");
    CHECK_FALSE(fitted_kernel({KernelKind::gemm, "mxfp8", {1, 128, 128}}, why));
    CHECK(why == "no family of a calibration has format mxfp8");
    CHECK_FALSE(fitted_kernel({KernelKind::gemm, "bf16", {1, std::int64_t{1} << 33, 128}}, why));
    CHECK(why == "a size beyond 2^31");
    Measurements few = h100();
    few.rows.push_back(row({KernelKind::gemm, "bf16", {64, 7168, 2048}}, 5 * unit::us, "cublaslt-13"));
    const auto made = measured_tables(std::vector{few}, "h100", "m.jsonl");
    CHECK(made.tables.empty());
    REQUIRE(made.left_out.size() == 1);
    CHECK(made.left_out[0].reason == "fewer rows than the 5 that a fit takes");
    CHECK_THROWS_WITH(measured_tables(std::vector{few}, "h200", "m.jsonl"),
                      Catch::Contains("m.jsonl: /device: no rows of h200"));
}

TEST_CASE("measured tables: small kernels are fitted back to the constants that made them",
          "[model][calibrate]") {
    const GpuSpec gpu = load_gpu(kData, "h100");
    Measurements rows = h100();
    add_streaming(rows, gpu, 2.5 * unit::us, 0.8, "isobath");
    const auto made    = measured_tables(std::vector{rows}, "h100", "m.jsonl");
    const auto fit     = fit_calibration(gpu, made.tables, "mine");
    const auto* fitted = fit.streaming.find();
    // The fit takes launch from kernels below 1 MB and bandwidth from those above 30 MB: what the other part
    // adds there is left in each, less than 2 % and 1 %.
    CHECK(fitted->constants.launch.value.in(unit::us) == Approx(2.5).epsilon(0.02));
    CHECK(fitted->constants.memory.value == Approx(0.8).epsilon(0.01));
}

TEST_CASE("measured tables: products from a cold L2 are fitted back to the times of other shapes",
          "[model][calibrate]") {
    const GpuSpec gpu = load_gpu(kData, "h100");
    Measurements rows = h100();
    add_products(rows, gpu, "cublaslt-13.0");
    const auto made    = measured_tables(std::vector{rows}, "h100", "m.jsonl");
    const auto fit     = fit_calibration(gpu, made.tables, "mine");
    const auto* fitted = fit.gemm_bf16.find("cublaslt-13.0");
    REQUIRE(fitted);
    // Weak priors draw constants that few rows feel, so the memory share and the launch come back to 5 % and
    // unseen shapes to 3 %.
    CHECK(fitted->constants.memory.value == Approx(0.9).epsilon(0.05));
    CHECK(fitted->constants.launch.value.in(unit::us) == Approx(2).epsilon(0.2));
    const Machine machine = machine_of(gpu, Math::bf16);
    for (const double m : {3.0, 48.0, 700.0, 6000.0}) {
        const BatchedGemm unseen{1, m, 7168, 18432, Format::bf16};
        const double ratio = pipelined_time(fitted->constants, machine, unseen, gpu.sm_count).time /
                             pipelined_time(product_constants(), machine, unseen, gpu.sm_count).time;
        CHECK(std::abs(std::log(ratio)) < 0.03);
    }
}

TEST_CASE("measured tables: a row beside held SMs changes nothing", "[model][calibrate]") {
    const GpuSpec gpu = load_gpu(kData, "h100");
    Measurements rows = h100();
    add_streaming(rows, gpu, 2.5 * unit::us, 0.8, "torch-2.8");
    const auto before = fit_calibration(gpu, measured_tables(std::vector{rows}, "h100", "m").tables, "mine");
    MeasuredRow held  = rows.rows.back();
    held.held_sms     = 20;
    held.time         = 10.0 * held.time;
    rows.rows.push_back(held);
    const auto made = measured_tables(std::vector{rows}, "h100", "m");
    CHECK(to_json(fit_calibration(gpu, made.tables, "mine")) == to_json(before));
    REQUIRE(made.left_out.size() == 1);
    CHECK(made.left_out[0].reason == "beside held SMs: shows contention");
}

TEST_CASE("measured tables: implementations stay apart, and a library's is the default",
          "[model][calibrate]") {
    const GpuSpec gpu = load_gpu(kData, "h100");
    Measurements rows = h100();
    add_streaming(rows, gpu, 2 * unit::us, 0.8, "isobath");
    add_streaming(rows, gpu, 4 * unit::us, 0.6, "torch-2.8");
    const auto made = measured_tables(std::vector{rows}, "h100", "m");
    CHECK(made.tables.size() == 2);
    CHECK(table(made, "streaming").implementation == "isobath");
    Calibration fit = fit_calibration(gpu, made.tables, "mine");
    CHECK(fit.streaming.preferred == "isobath");
    prefer_libraries(fit);
    CHECK(fit.streaming.preferred == "torch-2.8");
    CHECK(fit.streaming.find()->constants.memory.value == Approx(0.6).epsilon(0.01));
}
