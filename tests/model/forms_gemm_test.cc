#include "model/forms_gemm.h"

#include <functional>

#include "tests/catch.h"

using namespace isobath;
using unit::us;

namespace {

template <class T>
Fitted<T> is(T value) {
    return {value, value, value};
}

/// One SM: 10 TFLOP/s; the whole: 132 SMs, 3 TB/s.
const Machine kMachine{10 * unit::TFLOP / unit::s, 3 * unit::TB / unit::s, 132};

/// 1 us launch, 2 us per tile, at least 0.1 us per stage, four fifths of peak, nine tenths of bandwidth.
GemmConstants constants(int most_splits = 1) {
    GemmConstants c{is(1 * us), is(2 * us), is(0.1 * us), is(0.8), is(0.9), 128};
    c.pipeline = {is(0.5), is(0.75), is(1.5 * us), {}, 16, most_splits};
    return c;
}

BatchedGemm dense(double m, int n, int k) {
    return {1, m, n, k, Format::bf16};
}

/// Calls `check` with every shipped family of products and the format that it is for.
void each_shipped(const std::function<void(const GpuSpec&, const GemmConstants&, Format)>& check) {
    const DataFiles data;
    for (const char* name : {"h100", "h200", "b200"}) {
        const GpuSpec gpu   = load_gpu(data, name);
        const Calibration c = load_calibration(data, name);
        const auto one      = [&](const KernelFamily<GemmConstants>& family, Format format) {
            INFO(name << " " << name_of(format));
            if (family.find()) check(gpu, family.find()->constants, format);
        };
        one(c.gemm_bf16, Format::bf16);
        one(c.gemm_fp8, Format::fp8_block);
        one(c.gemm_fp8_tensor, Format::fp8_tensor);
        one(c.gemm_fp4, Format::nvfp4);
    }
}

constexpr int kShapes[][2] = {{2112, 7168}, {24576, 1536}, {32768, 512}, {7168, 16384},
                              {1536, 7168}, {4608, 7168},  {7168, 2304}, {129280, 7168}};

}  // namespace

TEST_CASE("pipelined form: long stages multiply, the shorter part shows in part", "[model][forms]") {
    // m 256, n 8448, k 1280: 2 row blocks * 66 columns of 128 = 132 tiles, one wave.
    //   stage: 2*128*128*128 FLOP / (10 * 0.8 TFLOP/s) = 0.524288 us, more than 0.1 us
    //   compute: 2 + 10 * 0.524288 = 7.24288 us
    //   bytes: 2 * (256*1280 + 8448*1280 + 256*8448) = 26.608 MB over 0.9 * 3 TB/s = 9.8548 us
    //   time: 1 + 9.8548 + 0.5 * 7.24288 = 14.4763 us
    const FormTime t = pipelined_time(constants(), kMachine, dense(256, 8448, 1280), 132);
    CHECK(t.compute.in(us) == Approx(7.24288).epsilon(1e-6));
    CHECK(t.memory.in(us) == Approx(9.8548).epsilon(1e-4));
    CHECK(t.time.in(us) == Approx(14.4763).epsilon(1e-4));
}

TEST_CASE("pipelined form: short stages wait for memory's latency", "[model][forms]") {
    // m 1, n 1056, k 1280: 66 tiles of 64 x 16; 2*64*16*128 / 8 TFLOP/s = 0.033 us, less than 0.1 us.
    const FormTime t = pipelined_time(constants(), kMachine, dense(1, 1056, 1280), 132);
    CHECK(t.compute.in(us) == Approx(2 + 10 * 0.1));
}

TEST_CASE("pipelined form: a long product of few tiles is split along k", "[model][forms]") {
    // 16 tiles of 56 stages: 2 + 5.6 us whole. In two parts 2 + 2.8 and 1.5 us of adding up, whose bytes
    // 2 * 2 * 4 * 1 * 256 = 4 kB take 1.4 ns: 6.301 us; in four 2 + 1.4 + 1.5 = 4.9 us; in eight 4.2 us.
    const Tiling whole = pipelined_tiling(constants(), kMachine, dense(1, 256, 7168), 132);
    CHECK(whole.splits == 1);
    CHECK(whole.tile.in(us) == Approx(7.6));
    const Tiling split = pipelined_tiling(constants(8), kMachine, dense(1, 256, 7168), 132);
    CHECK(split.splits == 8);
    CHECK(split.waves == 1);
    CHECK(split.tile.in(us) == Approx(2.7));
    CHECK(pipelined_time(constants(8), kMachine, dense(1, 256, 7168), 132).compute.in(us) ==
          Approx(4.2).epsilon(0.01));
}

TEST_CASE("pipelined form: from 2048 rows on power takes its share of the clock", "[model][forms]") {
    // 32 columns: 4096 rows make 32 blocks, 1024 tiles of 128 x 128, 8 waves; a stage at three quarters
    // speed: 0.524288 / 0.75 = 0.699051 us.
    const Tiling t = pipelined_tiling(constants(), kMachine, dense(4096, 4096, 128), 132);
    CHECK(t.waves == 8);
    CHECK((t.tile - 2 * us).in(us) == Approx(0.699051).epsilon(1e-5));
}

TEST_CASE("pipelined form: a batch of products has the tiles of all", "[model][forms]") {
    // 128 heads of 64 x 512 by 128: 4 tiles each, 512 in all, 4 waves of 2 + 1 stage.
    const Tiling t = pipelined_tiling(constants(), kMachine, {128, 64, 512, 128, Format::bf16}, 132);
    CHECK(t.waves == 4);
    CHECK(t.row_blocks == 128);
}

TEST_CASE("pipelined form: benchmarks quantise on the way and find operands in L2", "[model][forms]") {
    const GpuSpec h100 = load_gpu(DataFiles(), "h100");
    GemmConstants c    = constants();
    const auto small   = dense(64, 4096, 512);
    const Seconds cold = benchmark_time(c, h100, small);
    CHECK(cold == pipelined_time(c, machine_of(h100, Math::bf16), small, 132).time);
    c.quantise = {is(2 * us), is(2.0)};
    // two passes of 3 B * 64 * 512 = 98 kB at 3.35 TB/s: 0.0587 us
    CHECK((benchmark_time(c, h100, small) - cold).in(us) == Approx(2.0587).epsilon(1e-4));
    c.pipeline->cached = is(3.0);
    CHECK(benchmark_time(c, h100, small) < cold + 2.0587 * us);
    CHECK(benchmark_time(c, h100, dense(64, 65536, 7168)) > 200 * us);  // 940 MB never fit in L2
}

TEST_CASE("shipped products: never faster than the roofline", "[model][forms]") {
    each_shipped([](const GpuSpec& gpu, const GemmConstants& c, Format format) {
        const Machine machine = machine_of(gpu, math_of(format));
        for (const auto& [n, k] : kShapes)
            for (double m = 1; m <= 32768; m *= 1.5) {
                const Work work       = work_of(Gemm{m, n, k, format});
                const Seconds compute = work.flop / gpu.peak(work.math),
                              memory  = work.bytes / gpu.hbm_bandwidth;
                INFO(n << " x " << k << ", m " << m);
                CHECK(gemm_time(c, machine, Gemm{m, n, k, format}, gpu.sm_count).time >=
                      std::max(compute, memory));
            }
    });
}

TEST_CASE("shipped products: a whole tile of rows more never takes less time", "[model][forms]") {
    each_shipped([](const GpuSpec& gpu, const GemmConstants& c, Format format) {
        const Machine machine = machine_of(gpu, math_of(format));
        for (const auto& [n, k] : kShapes) {
            Seconds before;
            for (int blocks = 1; blocks <= 96; ++blocks) {
                const Seconds now =
                    gemm_time(c, machine, Gemm{128.0 * blocks, n, k, format}, gpu.sm_count).time;
                INFO(n << " x " << k << ", m " << 128 * blocks);
                CHECK(now >= before);
                before = now;
            }
        }
    });
}

TEST_CASE("shipped products: twice the rows, columns or depth never take less time", "[model][forms]") {
    each_shipped([](const GpuSpec& gpu, const GemmConstants& c, Format format) {
        const Machine machine = machine_of(gpu, math_of(format));
        const auto time       = [&](double m, int n, int k) {
            return gemm_time(c, machine, Gemm{m, n, k, format}, gpu.sm_count).time;
        };
        for (const auto& [n, k] : kShapes)
            for (int m = 1; m <= 16384; m *= 2) {
                INFO(n << " x " << k << ", m " << m);
                CHECK(time(2 * m, n, k) >= time(m, n, k));
                CHECK(time(m, 2 * n, k) >= time(m, n, k));
                CHECK(time(m, n, 2 * k) >= time(m, n, k));
            }
    });
}
