#include "model/forms_mla.h"

#include <cmath>

#include "model/kernel_time.h"
#include "tests/catch.h"

using namespace isobath;
using unit::us;

namespace {

template <class T>
Fitted<T> is(T value) {
    return {value, value, value};
}

/// One SM: 10 TFLOP/s; the whole: 132 SMs, 3 TB/s, 50 MB of L2.
const Machine kMachine{10 * unit::TFLOP / unit::s, 3 * unit::TB / unit::s, 132, 50 * unit::MB};

OverlapConstants decode_constants(KvSchedule schedule) {
    const SplitConstants split{schedule, is(0.5 * us), is(1.0), is(0.5), is(1.2)};
    return {is(10 * us), is(0.8), is(0.9), is(1.5), 64, split, {}};
}

OverlapConstants prompt_constants() {
    return {is(10 * us), is(0.5), is(1.0), is(2.0), 128, {}, PromptConstants{is(0.6), is(0.5), is(1.2)}};
}

MlaDecode decode(double batch, double context, int heads, int s_q = 1, KvLayout cache = KvLayout::bf16) {
    return {batch, s_q, context, heads, 512, 64, cache};
}

FlashPrefill prompt(double batch, double length, int heads) {
    return {batch, length, length, heads, heads, 192, 128, Format::bf16};
}

}  // namespace

TEST_CASE("balanced cut: a request that an SM finishes whole is not cut", "[model][forms][mla]") {
    // 128 heads: 2 row blocks, 66 SMs each. 512 tokens: 8 blocks, counted 13. 64 requests count 832:
    // 832 / 66 -> 13, and 5 on top: 18 hold one request; the 5 left are no more than a request's own 5.
    const KvPlan whole = balanced_plan(decode(64, 512, 128), 132);
    CHECK(whole.tokens == 8 * 64);
    CHECK(whole.parts == 1);
    CHECK(whole.cut == 0);
    // 32 requests count 416: 7 and 5 are 12, less than one request: 7 blocks each, every request in two.
    const KvPlan half = balanced_plan(decode(32, 512, 128), 132);
    CHECK(half.tokens == 7 * 64);
    CHECK(half.parts == 2);
    CHECK(half.cut == 64);
}

TEST_CASE("balanced cut: tensor parallelism frees SMs until a request's heads fit one block",
          "[model][forms][mla]") {
    // 1 request of 32768 tokens is 512 blocks, counted 517. 66 SMs: 8 + 5 -> 8 blocks; 132: 4 + 5 -> 4.
    CHECK(balanced_plan(decode(1, 32768, 128), 132).tokens == 8 * 64);
    CHECK(balanced_plan(decode(1, 32768, 64), 132).tokens == 4 * 64);
    CHECK(balanced_plan(decode(1, 32768, 8), 132).tokens == 4 * 64);
    CHECK(balanced_plan(decode(1, 32768, 64, 2), 132).tokens == 8 * 64);  // two query tokens: 128 rows
}

TEST_CASE("even cut: narrow tiles while each SM has at most 1024 tokens", "[model][forms][mla]") {
    // 128 heads are 8 tiles of 16: 4 requests, 32 tiles, 148 / 32 = 4 SMs each: 1024 tokens of 4096.
    const KvPlan narrow = even_plan(decode(4, 4096, 128), 148);
    CHECK(narrow.narrow);
    CHECK(narrow.parts == 4);
    CHECK(narrow.tokens == 1024);
    // 8192 tokens would be 2048 each: 2 tiles of 64, 8 in all, 18 SMs each, ceil(8192 / 18) = 456 tokens.
    const KvPlan wide = even_plan(decode(4, 8192, 128), 148);
    CHECK_FALSE(wide.narrow);
    CHECK(wide.parts == 18);
    CHECK(wide.tokens == 456);
    CHECK(wide.cut == 4 * 18);
}

TEST_CASE("decode form: launch, sides and the busiest SM add up as stated", "[model][forms][mla]") {
    // 64 requests of 512 tokens, 128 heads: not cut.
    //   busiest SM: 512 tokens * 2 * 64 rows * 1088 / (10 * 0.8 TFLOP/s) = 8.91290 us
    //   cache: 64 * 512 * 1152 B = 37.749 MB over 0.9 * 3 TB/s = 13.9810 us
    //   together: (8.9129^4 + 13.9810^4)^(1/4) = 14.5256 us
    //   queries and outputs: 64 * 128 * 2176 B = 17.826 MB over 0.5 * 3 TB/s = 11.8839 us
    const FormTime t =
        mla_decode_time(decode_constants(KvSchedule::balanced), kMachine, decode(64, 512, 128), 132);
    CHECK(t.compute.in(us) == Approx(8.9129).epsilon(1e-4));
    CHECK(t.time.in(us) == Approx(10 + 14.5256 + 11.8839).epsilon(1e-4));
    // A benchmark that repeats it finds 37.7 MB in 0.8 * 50 MB of L2: 1.5 * 3 TB/s, 8.3886 us.
    const FormTime warm = mla_decode_time(decode_constants(KvSchedule::balanced), kMachine,
                                          decode(64, 512, 128), 132, Caches::warm);
    CHECK(warm.memory.in(us) == Approx(8.3886 + 11.8839).epsilon(1e-4));
}

TEST_CASE("decode form: joining parts costs by the doubling, and their outputs travel twice",
          "[model][forms][mla]") {
    // One request of 32768 tokens over 66 SMs: 8 blocks each, 64 parts: 6 doublings of 0.5 us.
    //   64 parts * 128 rows * 512 * 4 B, written and read = 33.55 MB over 3 TB/s = 11.185 us
    //   queries and outputs: 128 * 2176 B over 1.5 TB/s = 0.18569 us
    const FormTime t =
        mla_decode_time(decode_constants(KvSchedule::balanced), kMachine, decode(1, 32768, 128), 132);
    const Seconds cache = 32768 * 1152.0 * unit::B / (2.7 * unit::TB / unit::s);
    CHECK(t.launch.in(us) == Approx(10 + 3));
    CHECK((t.memory - cache).in(us) == Approx(11.1848 + 0.18569).epsilon(1e-4));
}

TEST_CASE("prompt form: a pass over the operands, the mean SM and part of the longest tile",
          "[model][forms][mla]") {
    // One prompt of 512, 16 heads; no slow-down up to 512 tokens.
    //   pass: 2 * 512 * 16 * 320 * 2 B = 10.486 MB over 0.6 * 3 TB/s = 5.8254 us
    //   products: 512 * (513 / 2 + 64) pairs * 16 * 2 * 320 = 1.6804 GFLOP over 132 * 5 TFLOP/s = 2.5461 us
    //   longest tile: 2 * 128 * 512 * 320 / 5 TFLOP/s = 8.3886 us, more than 2.5461 + 0.5 * 8.3886 = 6.7404
    //   us
    const FormTime t = flash_prefill_time(prompt_constants(), kMachine, prompt(1, 512, 16), 132);
    CHECK(t.time.in(us) == Approx(10 + 5.8254 + 8.3886).epsilon(1e-3));
    // 16384 tokens run 1.2 times slower than the same products at the short prompts' clock.
    OverlapConstants steady    = prompt_constants();
    steady.prompt->slowdown    = is(1.0);
    const FlashPrefill longest = prompt(1, 16384, 128);
    CHECK(flash_prefill_time(prompt_constants(), kMachine, longest, 132).compute /
              flash_prefill_time(steady, kMachine, longest, 132).compute ==
          Approx(1.2));
}

TEST_CASE("even cut: up to 32 rows are one narrow tile, so that 32 heads need no second wave",
          "[model][forms][mla]") {
    // 100 requests of 1024 tokens on 148 SMs: one tile and one SM each, whatever the heads up to 32.
    for (const int heads : {8, 16, 32}) {
        const KvPlan plan = even_plan(decode(100, 1024, heads), 148);
        CHECK(plan.tokens == 1024);
        CHECK(plan.rows == (heads > 16 ? 32 : 16));
    }
}

TEST_CASE("shipped latent attention hardly gets faster when batch, context, heads or query tokens double",
          "[model][forms][mla]") {
    // Schedulers are not monotone, and neither are the tables: B200 takes 27.9 us for 8 requests of 2048
    // tokens and 21.5 us for 4096 (128 heads, BF16), where narrow tiles give way to wide ones. A balanced cut
    // may win the joining of parts that it no longer needs, an even cut all that wide tiles save: a quarter.
    for (const auto& [gpu, least] : {std::pair{"h100", 0.97}, {"h200", 0.97}, {"b200", 0.75}}) {
        const GpuSpec spec        = load_gpu(DataFiles{}, gpu);
        const Calibration shipped = load_calibration(DataFiles{}, gpu);
        REQUIRE(shipped.mla_decode.find());
        const OverlapConstants& c = shipped.mla_decode.find()->constants;
        const Machine machine     = machine_of(spec, Math::bf16);
        const auto time           = [&](const MlaDecode& a) {
            return mla_decode_time(c, machine, a, spec.sm_count).time;
        };
        for (double batch = 1; batch <= 256; batch *= 2)
            for (double context = 128; context <= 65536; context *= 2)
                for (int heads = 8; heads <= 64; heads *= 2) {
                    const Seconds one = time(decode(batch, context, heads));
                    INFO(gpu << " " << batch << " " << context << " " << heads);
                    REQUIRE(time(decode(2 * batch, context, heads)) >= least * one);
                    REQUIRE(time(decode(batch, 2 * context, heads)) >= least * one);
                    REQUIRE(time(decode(batch, context, 2 * heads)) >= least * one);
                    REQUIRE(time(decode(batch, context, heads, 2)) >= least * one);
                    REQUIRE(time(decode(16 * batch, context, heads)) >= one);
                    REQUIRE(time(decode(batch, 16 * context, heads)) >= one);
                }
    }
}

TEST_CASE("prompts never get faster with length, batch or heads", "[model][forms][mla]") {
    const auto time = [](double batch, double length, int heads) {
        return flash_prefill_time(prompt_constants(), kMachine, prompt(batch, length, heads), 132).time;
    };
    for (double batch = 1; batch <= 64; ++batch)
        for (double length = 64; length <= 32768; length *= 1.3) {
            REQUIRE(time(batch, length * 1.3, 16) >= time(batch, length, 16));
            REQUIRE(time(batch + 1, length, 16) >= time(batch, length, 16));
            REQUIRE(time(batch, length, 32) >= time(batch, length, 16));
        }
}

TEST_CASE("latent attention is never faster than the data sheet allows", "[model][forms][mla]") {
    const GpuSpec gpu = load_gpu(DataFiles{}, "h100");
    const RooflineTime roofline(gpu);
    for (const KvLayout cache : {KvLayout::bf16, KvLayout::fp8})
        for (const KvSchedule schedule : {KvSchedule::balanced, KvSchedule::even})
            for (double batch = 1; batch <= 1024; batch *= 2)
                for (double context = 64; context <= 131072; context *= 4)
                    for (int heads = 8; heads <= 128; heads *= 4) {
                        const MlaDecode a     = decode(batch, context, heads, 1, cache);
                        const Machine machine = machine_of(gpu, work_of(a).math);
                        REQUIRE(mla_decode_time(decode_constants(schedule), machine, a, 132).time >=
                                roofline.cost(a, 132).estimate.time);
                    }
}
