#include "model/calibrated_time.h"

#include <cmath>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;
using unit::us;

namespace {

const DataFiles kData;

GpuSpec h800() {
    return load_gpu(kData, "h800");
}
Calibration shipped() {
    return load_calibration(kData, "h800");
}

/// DeepSeek-V3's kernels at decode and prefill sizes.
std::vector<Op> deepseek_ops() {
    std::vector<Op> ops{Streaming{1 * unit::kB}, Streaming{400 * unit::MB}};
    for (const double m : {1., 64., 128., 333.5, 8192.}) {
        for (const auto& [n, k] :
             {std::pair{2112, 7168}, {24576, 1536}, {7168, 16384}, {256, 7168}, {129280, 7168}})
            for (const Format f : {Format::fp8_block, Format::bf16}) ops.push_back(Gemm{m, n, k, f});
        ops.push_back(BatchedGemm{128, m, 512, 128, Format::bf16});
        for (const double variance : {0.0, m})
            ops.push_back(
                GroupedGemm{m * 8, 8, variance, 4096, 7168, Format::fp8_block, GroupedLayout::masked});
        ops.push_back(MlaDecode{m, 2, 4096, 128, 512, 64, KvLayout::bf16});
        ops.push_back(GqaDecode{m, 1, 8192, 64, 8, 128, 128, Format::bf16});
        ops.push_back(IndexerScore{m, 32768, m, 64, 128});
    }
    ops.push_back(FlashPrefill{2, 4096, 4096, 128, 128, 192, 128, Format::bf16});
    return ops;
}

Seconds time_of(const KernelTime& model, const Op& op, int sms = 132) {
    return model.cost(op, sms).estimate.time;
}

}  // namespace

TEST_CASE("calibrated: never faster than the roofline", "[model][calibrated]") {
    const CalibratedTime calibrated(h800(), shipped());
    const RooflineTime roofline(h800());
    for (const Op& op : deepseek_ops())
        for (const int sms : {132, 108, 20}) {
            INFO("op " << op.index() << " sms " << sms);
            CHECK(time_of(calibrated, op, sms) >= time_of(roofline, op, sms));
        }
}

TEST_CASE("calibrated: an empty calibration is the roofline, and says so", "[model][calibrated]") {
    const CalibratedTime calibrated(h800(), Calibration{});
    const RooflineTime roofline(h800());
    for (const Op& op : deepseek_ops()) {
        CHECK(time_of(calibrated, op) == time_of(roofline, op));
        CHECK(calibrated.cost(op, 132).estimate.source == Source::roofline);
    }
}

TEST_CASE("calibrated: the interval is the spread of the family's residuals", "[model][calibrated]") {
    const Calibration c = shipped();
    const Estimate e =
        CalibratedTime(h800(), c).cost(Gemm{128, 7168, 16384, Format::fp8_block}, 132).estimate;
    CHECK(e.source == Source::fitted);
    CHECK(e.high / e.time == Approx(c.gemm_fp8.find()->residuals.factor));
    CHECK(e.time / e.low == Approx(c.gemm_fp8.find()->residuals.factor));
}

TEST_CASE("calibrated: constants carried to another GPU are assumed and less sure", "[model][calibrated]") {
    GpuSpec other       = h800();
    other.name          = "another";
    other.hbm_bandwidth = 2 * other.hbm_bandwidth;
    const CalibratedTime here(h800(), shipped()), there(other, shipped());
    const Op stream  = Streaming{400 * unit::MB};
    const Estimate a = here.cost(stream, 132).estimate, b = there.cost(stream, 132).estimate;
    CHECK(b.source == Source::assumed);
    CHECK(b.high / b.time == Approx(CalibratedTime::kTransferFactor * (a.high / a.time)));
    // The same share of twice the bandwidth: what exceeds the launch halves.
    const Seconds launch = shipped().streaming.find()->constants.launch.value;
    CHECK((a.time - launch) / (b.time - launch) == Approx(2));
}

TEST_CASE("calibrated: a GPU without FP8 runs FP8 shapes at its BF16 peak", "[model][calibrated]") {
    GpuSpec ampere                       = h800();
    ampere.name                          = "ampere";
    ampere.peaks[std::size_t(Math::fp8)] = FlopsPerSecond{};
    const CalibratedTime with(h800(), shipped()), without(ampere, shipped());
    const Op gemm = Gemm{16384, 7168, 16384, Format::fp8_block};
    CHECK(std::isfinite(time_of(without, gemm).base()));
    CHECK(time_of(without, gemm) / time_of(with, gemm) > 1.7);  // BF16's peak is half of FP8's
}

TEST_CASE("calibrated: a longer context and a larger batch never take less time", "[model][calibrated]") {
    const CalibratedTime model(h800(), shipped());
    Seconds before;
    for (int context = 1; context < 200'000; context += 997) {
        const Seconds now = time_of(model, MlaDecode{64, 2, double(context), 128, 512, 64, KvLayout::bf16});
        CHECK(now >= before);
        before = now;
    }
    before = {};
    for (int batch = 1; batch < 512; ++batch) {
        const Seconds now = time_of(model, GqaDecode{double(batch), 1, 4096, 64, 8, 128, 128, Format::bf16});
        CHECK(now >= before);
        before = now;
    }
}

TEST_CASE("calibrated: fewer SMs never help", "[model][calibrated]") {
    const CalibratedTime model(h800(), shipped());
    for (const Op& op : deepseek_ops())
        for (int sms = 8; sms < 132; sms += 4) {
            INFO("op " << op.index() << " sms " << sms);
            CHECK(time_of(model, op, sms) >= time_of(model, op, 132));
        }
}

TEST_CASE("calibrated: a scenario can name the version of a library", "[model][calibrated]") {
    const Op prefill = Gemm{4096, 24576, 1536, Format::fp8_block};
    const CalibratedTime february(h800(), shipped(), {{"gemm_fp8", "deepgemm-2025-02-25"}});
    const CalibratedTime april(h800(), shipped(), {{"gemm_fp8", "deepgemm-2025-04-09"}});
    CHECK(time_of(april, prefill) < time_of(february, prefill));  // 255 against 312 us in the READMEs
    CHECK_THROWS_WITH(CalibratedTime(h800(), shipped(), {{"gemm_fp8", "cutlass"}}),
                      Catch::Contains("no implementation \"cutlass\"; known: deepgemm-2025-02-25"));
    CHECK_THROWS_WITH(CalibratedTime(h800(), shipped(), {{"gem", "cutlass"}}),
                      Catch::Contains("no such kernel family"));
}

TEST_CASE("calibrated: what limits a kernel is told apart", "[model][calibrated]") {
    const CalibratedTime model(h800(), shipped());
    CHECK(model.cost(Streaming{1 * unit::kB}, 132).bound == Bound::latency);
    CHECK(model.cost(Streaming{400 * unit::MB}, 132).bound == Bound::memory);
    CHECK(model.cost(Gemm{8192, 7168, 16384, Format::fp8_block}, 132).bound == Bound::compute);
    CHECK(model.cost(Gemm{64, 7168, 16384, Format::fp8_block}, 132).bound == Bound::memory);
}
