#include "model/kernel_forms.h"

#include <cmath>

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
const GemmConstants kGemm{is(1 * us), is(2 * us), is(0.1 * us), is(0.8), is(0.9), 128};

}  // namespace

TEST_CASE("tiles: one row block of a wide product is cut so that every SM has a tile", "[model][forms]") {
    // 7168 / 128 = 56 tiles would leave 76 of 132 SMs idle. 7168 / 132 = 54.3 -> 56 wide -> 128 tiles.
    const TilePlan plan = plan_tiles(1, 128, 7168, 128, 132);
    CHECK(plan.width == 56);
    CHECK(plan.columns == 128);
}

TEST_CASE("tiles: the narrowest tile that keeps the number of waves", "[model][forms]") {
    // 32 row blocks of n = 2112: 17 columns of 128 make 544 tiles, 5 waves of 132.
    // 5 waves hold 660 / 32 = 20 columns: 2112 / 20 = 105.6 -> 112 wide -> 19 columns, 608 tiles, still 5
    // waves.
    const TilePlan plan = plan_tiles(32, 128, 2112, 128, 132);
    CHECK(plan.width == 112);
    CHECK(plan.columns == 19);
}

TEST_CASE("gemm form: launch, waves of tiles and traffic add up as stated", "[model][forms]") {
    // m 4096, n 4096, k 1280: 32 * 32 tiles of 128 x 128 = 1024 -> 8 waves (1056 places, so 33 columns: stays
    // 128 wide).
    //   tile: 2 us + 10 steps * (0.1 us + 2*128*128*128 FLOP / (10 * 0.8 TFLOP/s) = 0.524288 us) = 8.24288 us
    //   compute: 8 * 8.24288 = 65.943 us
    //   bytes: 4096*1280*2 + 4096*1280*2 + 2*4096*4096 = 54.526 MB over 0.9 * 3 TB/s = 20.195 us
    //   time: 1 + sqrt(65.943^2 + 20.195^2) = 69.966 us
    const FormTime t = gemm_time(kGemm, kMachine, Gemm{4096, 4096, 1280, Format::bf16}, 132);
    CHECK(t.compute.in(us) == Approx(65.943).epsilon(1e-4));
    CHECK(t.memory.in(us) == Approx(20.195).epsilon(1e-4));
    CHECK(t.time.in(us) == Approx(69.966).epsilon(1e-4));
}

TEST_CASE("gemm form: computing goes with the SMs, loading does not until half are gone", "[model][forms]") {
    const Gemm large{16384, 16384, 4096, Format::bf16};
    const FormTime all   = gemm_time(kGemm, kMachine, large, 132),
                   fewer = gemm_time(kGemm, kMachine, large, 108);
    CHECK(fewer.compute / all.compute == Approx(132.0 / 108).epsilon(0.01));
    CHECK(fewer.memory == all.memory);
    CHECK(bandwidth_of(kMachine, 66) == kMachine.bandwidth);
    CHECK(bandwidth_of(kMachine, 33) == 0.5 * kMachine.bandwidth);
}

TEST_CASE("gemm form: a whole tile of rows more never takes less time", "[model][forms]") {
    for (const int sms : {132, 112, 108, 78})
        for (const int n : {256, 576, 1536, 2112, 4096, 7168, 24576})
            for (const int widest : {128, 160, 256}) {
                GemmConstants c = kGemm;
                c.max_tile_n    = widest;
                Seconds before;
                for (int blocks = 1; blocks <= 96; ++blocks) {
                    const Seconds now =
                        gemm_time(c, kMachine, Gemm{128.0 * blocks, n, 2048, Format::fp8_block}, sms).time;
                    INFO("sms " << sms << " n " << n << " widest " << widest << " m " << 128 * blocks);
                    CHECK(now >= before);
                    before = now;
                }
            }
}

TEST_CASE("grouped form: even rows equal one dense product of all rows", "[model][forms]") {
    const GroupedGemm grouped{1024, 1, 0, 4096, 7168, Format::fp8_block, GroupedLayout::masked};
    CHECK(grouped_gemm_time(kGemm, kMachine, grouped, 132).time ==
          gemm_time(kGemm, kMachine, Gemm{1024, 4096, 7168, Format::fp8_block}, 132).time);
}

TEST_CASE("grouped form: random rows lengthen a product whose blocks were just full", "[model][forms]") {
    // 2 experts of 512 rows, 32 columns: 2 waves become 2.75 (row_blocks_test).
    GroupedGemm up{1024, 2, 0, 4096, 7168, Format::fp8_block, GroupedLayout::masked};
    const Seconds even = grouped_gemm_time(kGemm, kMachine, up, 132).compute;
    up.row_variance    = 512;
    CHECK(grouped_gemm_time(kGemm, kMachine, up, 132).compute / even == Approx(2.75 / 2).epsilon(0.01));
}

TEST_CASE("padding: FlashMLA computes 64 rows even for 16 heads", "[model][forms]") {
    MlaDecode a{128, 1, 4096, 16, 512, 64, KvLayout::bf16};
    CHECK(padded_flop(a, 64) == 4 * work_of(a).flop);
    a.s_q = 5;  // 80 rows: two tiles. On H20 five query tokens take twice as long as four (reported in its
                // repository).
    CHECK(padded_flop(a, 64) / work_of(a).flop == Approx(128.0 / 80));
}

TEST_CASE("padding: causal attention computes its diagonal tiles whole", "[model][forms]") {
    // 1024 tokens: 8 * 9 / 2 = 36 tiles of 128 x 128 of pairs.
    const FlashPrefill a{1, 1024, 1024, 2, 2, 192, 128, Format::bf16};
    CHECK(padded_flop(a, 128).base() == Approx(2. * 2 * 320 * 36 * 128 * 128).epsilon(1e-3));
}
