#include "model/memory.h"

#include "model/comm_buffers.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

ModelSpec preset(const char* name) {
    return load_model(DataFiles{}, name);
}

PrecisionPolicy fp8() {
    return load_precision(DataFiles{}, "deepseek-fp8");
}

/// Forty gigabytes of weights and a megabyte per cached token.
WeightBytes round_weights() {
    WeightBytes w;
    w.routed       = 40 * GB;
    w.kv_per_token = 1 * MB;
    return w;
}

MemoryDemand round_demand(MemoryRule rule) {
    MemoryDemand d;
    d.gpu_memory = 100 * GB;
    d.context    = 1000;
    d.engine     = {1 * GB, 2 * GB, 3 * GB, 0.9, rule, 1};
    return d;
}

}  // namespace

TEST_CASE("memory: DeepSeek-V3 at EP128 in FP8 leaves 26.2 GB of weights on each GPU", "[model][memory]") {
    const WeightBytes w = weights_of(preset("deepseek-v3"), fp8(), {.ep = 128});
    const double block  = 1 + 4. / (128 * 128);                      // FP8 with 128x128 scales
    CHECK(w.routed.in(GB) == Approx(58 * 2 * 0.044040192 * block));  // 5.110
    CHECK(w.shared.in(GB) == Approx(58 * 0.044040192 * block));      // 2.555
    CHECK(w.attention.in(GB) ==
          Approx(61 * (0.187105280 * block + 2 * 0.016777216)));            // 11.416 + kv_b in BF16: 2.047
    CHECK(w.dense.in(GB) == Approx(3 * 0.396361728 * block));               // 1.189
    CHECK(w.router.in(GB) == Approx(58 * (2 * 0.001835008 + 4 * 256e-9)));  // 0.213
    CHECK((w.embedding + w.head).in(GB) == Approx(2 * 2 * 0.926679040));    // 3.707
    CHECK(w.norms.in(GB) == Approx(2 * (61 * 16'384 + 7168) * 1e-9));
    CHECK(w.total().in(GB) == Approx(26.24).margin(.01));
}

TEST_CASE("memory: DeepSeek-V3 on 8 GPUs with TP8 in FP8 leaves 85.4 GB of weights on each",
          "[model][memory]") {
    const WeightBytes w = weights_of(preset("deepseek-v3"), fp8(), {.attention_tp = 8, .expert_tp = 8});
    // (58 * 257 * 44.04 M + 3 * 396.4 M) / 8 = 82.22; whole q_a and kv_a 61 * 15.14 M = 0.92; the rest of
    // attention 61 * 171.97 M / 8 = 1.31 and kv_b in BF16 0.26; router 0.21; embedding and head in BF16 3.707
    // / 8 = 0.46.
    CHECK(w.total().in(GB) == Approx(85.4).margin(.05));
}

TEST_CASE("memory: DeepSeek-R1 in NVFP4 over four GPUs takes what SGLang's log says", "[model][memory]") {
    // SGLang pull request 9162 (August 2025), ranks TP0 to TP3: "mem usage=94.51 GB" after loading, meaning
    // GiB. NVIDIA's checkpoint quantises the experts and leaves attention in BF16; by hand, GB per GPU:
    // experts 58 * 257 * 44.04 M * 0.5625 / 4 = 92.3, attention 1.85 whole + 5.25 cut, kv_b again 0.51,
    // router 0.21, embedding and head 0.93, dense FFN 0.59.
    PrecisionPolicy nvfp4;
    nvfp4.moe = nvfp4.shared = Format::nvfp4;
    const WeightBytes w      = weights_of(preset("deepseek-r1"), nvfp4, {.attention_tp = 4, .expert_tp = 4});
    CHECK(w.total().in(GiB) == Approx(94.51).epsilon(.01));
}

TEST_CASE("memory: Qwen3-235B over four GPUs caches the bytes per token that SGLang's log says",
          "[model][memory]") {
    // vLLM issue 21348: "KV Cache is allocated. #tokens: 367404, K size: 8.23 GB, V size: 8.23 GB", meaning
    // GiB. 94 layers * 1 kv head per GPU * (128 + 128) * 2 B = 48,128 B.
    const WeightBytes w = weights_of(preset("qwen3-235b"), {}, {.attention_tp = 4, .expert_tp = 4});
    CHECK(w.kv_per_token == 48'128 * B);
    CHECK((367'404 * w.kv_per_token).in(GiB) == Approx(2 * 8.23).epsilon(.001));
}

TEST_CASE("memory: tensor parallelism cuts kv heads down to one, and never the latent", "[model][memory]") {
    const ModelSpec llama = preset("llama-3.1-405b"), v3 = preset("deepseek-v3");
    CHECK(weights_of(llama, {}, {.attention_tp = 8}).kv_per_token == 516'096 / 8 * B);
    CHECK(weights_of(llama, {}, {.attention_tp = 16}).kv_per_token == 516'096 / 8 * B);
    CHECK(weights_of(v3, {}, {.attention_tp = 8}).kv_per_token == 70'272 * B);
    CHECK(weights_of(v3, {}, {.attention_cp = 2}).kv_per_token == 35'136 * B);
    CHECK(weights_of(v3, {}, {}, 1).kv_per_token == 62 * 1152 * B);
}

TEST_CASE("memory: pipeline stages add up to the model, and the heaviest is counted", "[model][memory]") {
    const ModelSpec llama = preset("llama-3.1-405b");
    const WeightBytes all = weights_of(llama, {}, {}), half = weights_of(llama, {}, {.pp = 2});
    // 63 layers and either embedding or head: the last stage also has the final norm, 32,768 B.
    CHECK(half.total().base() == Approx((all.total().base() + 32'768) / 2));
    CHECK(half.kv_per_token == all.kv_per_token / 2);
    CHECK(half.gpus_per_request == 2);
}

TEST_CASE("memory: redundant experts cost their weights", "[model][memory]") {
    const ModelSpec v3      = preset("deepseek-v3");
    const WeightBytes plain = weights_of(v3, fp8(), {.ep = 32}),
                      more  = weights_of(v3, fp8(), {.ep = 32, .redundant = 32});
    CHECK((more.routed / plain.routed) == Approx(9. / 8));
    CHECK(weights_of(v3, fp8(), {.ep = 32, .shared = SharedExperts::dedicated}).shared == Bytes{});
}

TEST_CASE("memory: an MTP module at EP128 costs its layer and eh_proj", "[model][memory]") {
    const ModelSpec v3  = preset("deepseek-v3");
    const double block  = 1 + 4. / (128 * 128);
    const WeightBytes w = weights_of(v3, fp8(), {.ep = 128}, 1);
    // eh_proj + attention + three experts (two routed, one shared) in FP8; kv_b and router in BF16; norms.
    CHECK(w.mtp.in(MB) == Approx((102.760448 + 187.105280 + 3 * 44.040192) * block + 2 * 16.777216 +
                                 2 * 1.835008 + 4 * 256e-6 + 2 * (3 * 7168 + 16'384) * 1e-6));
}

TEST_CASE("memory: DeepSeek's 88 requests of 4,989 tokens fill 30.9 GB of cache on each GPU",
          "[model][memory]") {
    // Day 6 of the open infra index: 14,800 tokens/s/node at 21 tokens/s are 88 requests per GPU; 88 * 4989 *
    // 70,272 B.
    MemoryDemand d;
    d.gpu_memory       = 81'559 * MiB;
    d.requests_per_gpu = 88;
    d.context          = 4989;
    const MemoryUse use =
        memory_of(weights_of(preset("deepseek-v3"), fp8(), {.ep = 144, .redundant = 32}), d);
    CHECK(use.kv.in(GB) == Approx(30.85).margin(.01));
    CHECK(use.fits);
    d.requests_per_gpu = 200;  // 70 GB
    CHECK_FALSE(memory_of(weights_of(preset("deepseek-v3"), fp8(), {.ep = 144, .redundant = 32}), d).fits);
}

TEST_CASE("memory: requests that share GPUs are counted on each of them", "[model][memory]") {
    // Ten requests per GPU over TP8 are eighty, and MLA's latent of all of them lies on every GPU.
    MemoryDemand d;
    d.gpu_memory       = 143'771 * MiB;
    d.requests_per_gpu = 10;
    d.context          = 1000;
    const MemoryUse use =
        memory_of(weights_of(preset("deepseek-v3"), fp8(), {.attention_tp = 8, .expert_tp = 8}), d);
    CHECK(use.kv == 80 * 1000 * 70'272. * B);
    CHECK(use.max_batch == Approx(use.max_total_tokens / 8000));
}

TEST_CASE("memory: each engine's fraction means something else", "[model][memory]") {
    // 100 GB, 40 of weights, 6 of buffers, 1 MB per token.
    // everything: 90 - 40 - 6 = 44. weights_and_cache: 0.9 * (100 - 1 - 3) - 40 = 46.4. of_free: 0.9 * 54
    // = 48.6.
    const auto tokens = [](MemoryRule rule) {
        return memory_of(round_weights(), round_demand(rule)).max_total_tokens;
    };
    CHECK(tokens(MemoryRule::everything) == Approx(44'000).margin(1));
    CHECK(tokens(MemoryRule::weights_and_cache) == Approx(46'400).margin(1));
    CHECK(tokens(MemoryRule::of_free) == Approx(48'600).margin(1));
}

TEST_CASE("memory: the cache comes in whole pages, and a batch keeps its reserved length free",
          "[model][memory]") {
    MemoryDemand d       = round_demand(MemoryRule::everything);
    d.engine.page_tokens = 64;
    d.reserved           = 2000;
    const MemoryUse use  = memory_of(round_weights(), d);
    CHECK(use.max_total_tokens == 687 * 64);  // floor(44,000 / 64) = 687
    CHECK(use.max_batch == Approx(687 * 64 / 2000.));
}

TEST_CASE("memory: a model larger than the GPU has room for no token", "[model][memory]") {
    MemoryDemand d      = round_demand(MemoryRule::everything);
    d.gpu_memory        = 30 * GB;
    const MemoryUse use = memory_of(round_weights(), d);
    CHECK(use.max_total_tokens == 0);
    CHECK(use.free == -1. * (16 * GB));
    CHECK_FALSE(use.fits);
}

TEST_CASE("memory: activations of a token are its residual, its norm and its largest block",
          "[model][memory]") {
    const WeightBytes w = weights_of(preset("deepseek-v3"), fp8(), {.ep = 128});
    // Absorbed: 128 heads * (192 q + 128 out + 512 + 64 + 512) * 2 B = 360,448 B; naive 128 * (320 + 320) * 2
    // = 163,840 B; dense FFN: 4 * 18,432 + 18,432 * (1 + 4/128) = 92,736 B; residual and norm 4 * 7168 B.
    CHECK(w.absorbed_token == (28'672 + 360'448) * B);
    CHECK(w.naive_token == (28'672 + 163'840) * B);
    // FP8 row in 7392 B, BF16 row out 14,336 B, gate and up 4 * 2048, product 2048 * (1 + 4/128).
    CHECK(w.expert_row == (7392 + 14'336 + 8192 + 2112) * B);
    CHECK(low_latency_rows({.ep = 128}, 256, 128) == 2 * 128 * 128);
}

TEST_CASE("memory: DeepEP's low-latency buffers for 256 experts and 128 tokens take 1.9 GB",
          "[model][memory]") {
    // 4 buffers * 256 experts * 128 tokens * (14,336 + 224) B, and twice 2056 B of signals rounded up to
    // 2176.
    CHECK(deepep_low_latency_buffers(128, 7168, 128, 256) == (1'908'408'320 + 4352) * B);
}

TEST_CASE("memory: DeepEP's normal buffers need RDMA rings beyond one node only", "[model][memory]") {
    // 12 channels * 8 peers * (288 * (14,336 + 8 + 2048) + 4 * 5) B = 453,207,936 B, a multiple of 128 as is.
    CHECK(deepep_normal_buffers(7168, 8) == 453'207'936 * B);
    // Four nodes add 2 * 12 * 4 * (128 * 16,408 + 72) B + 1 MiB and a little signalling.
    CHECK((deepep_normal_buffers(7168, 32) - deepep_normal_buffers(7168, 8)).in(MB) ==
          Approx((96 * (128 * 16'408. + 72) + 1'048'576) / 1e6).epsilon(.0001));
}
