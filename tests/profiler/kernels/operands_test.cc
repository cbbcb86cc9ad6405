#include "profiler/kernels/grouped_gemm.h"
#include "profiler/kernels/mla_decode.h"
#include "profiler/kernels/mla_prefill.h"
#include "tests/catch.h"

using namespace isobath::kernels;

TEST_CASE("operands: a page of FlashMLA's FP8 cache has 41,984 B, one of BF16 73,728 B",
          "[profiler][kernels]") {
    // 64 tokens of 512 + 4 * 4 + 64 * 2 = 656 B, or of (512 + 64) * 2 = 1,152 B.
    CHECK(bytes_of(MlaDecodeShape{.batch = 1, .fp8 = true}, 1, 0).cache == 41'984);
    CHECK(bytes_of(MlaDecodeShape{.batch = 1, .fp8 = false}, 1, 0).cache == 73'728);
}

TEST_CASE("operands: one slot of a split request holds FP32 rows and one number for each",
          "[profiler][kernels]") {
    // s_q * heads = 2 * 16 rows of 512 FP32.
    const MlaDecodeBytes b = bytes_of(MlaDecodeShape{.batch = 4, .queries = 2, .heads = 16}, 10, 3);
    CHECK(b.partial == 3 * 32 * 512 * 4);
    CHECK(b.partial_lse == 3 * 32 * 4);
    CHECK(b.q == 4 * 32 * 576 * 2);
}

TEST_CASE("operands: an expert of DeepSeek-V3 has 29,360,128 B of FP8 weights and 7,168 B of scales",
          "[profiler][kernels]") {
    // Gate and up: [4096][7168] E4M3, 32 * 56 blocks of 128 x 128, 4 B each.
    const GroupedGemmBytes b = bytes_of(GroupedGemmShape{.experts = 1, .n = 4096, .k = 7168}, 10);
    CHECK(b.b == 29'360'128);
    CHECK(b.b_scales == 7'168);
    CHECK(b.a_scales == 10 * 56 * 4);
    CHECK(b.d == 10 * 4096 * 2);
}

TEST_CASE("operands: prefill keeps 192 dims of keys and 128 of values", "[profiler][kernels]") {
    const MlaPrefillBytes b = bytes_of(MlaPrefillShape{.batch = 1, .queries = 2, .keys = 5, .heads = 3});
    CHECK(b.q == 2 * 3 * 384);
    CHECK(b.k == 5 * 3 * 384);
    CHECK(b.v == 5 * 3 * 256);
    CHECK(b.out == 2 * 3 * 256);
}

TEST_CASE("supported: FP8 experts run on sm_90 and sm_100 but not on sm_80; large tiles not on sm_89",
          "[profiler][kernels]") {
    CHECK(supported(GroupedGemmShape{.fp8 = true}, 90));
    CHECK(supported(GroupedGemmShape{.fp8 = true}, 100));
    CHECK_FALSE(supported(GroupedGemmShape{.fp8 = true}, 80));
    CHECK(supported(GroupedGemmShape{.fp8 = false}, 80));
    CHECK_FALSE(supported(MlaDecodeShape{}, 89));
    CHECK(supported(MlaPrefillShape{}, 80));
}
