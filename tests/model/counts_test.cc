#include "model/counts.h"

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

ModelSpec preset(const char* name) {
    return load_model(DataFiles{}, name);
}

}  // namespace

TEST_CASE("counts: DeepSeek-V3 has 671.03 B parameters, matrix by matrix", "[model][counts]") {
    const ModelParameters p      = parameters_of(preset("deepseek-v3"));
    const AttentionParameters& a = p.attention;
    CHECK(a.q_a == 7168 * 1536);
    CHECK(a.q_b == 1536 * 128 * (128 + 64));
    CHECK(a.kv_a == 7168 * (512 + 64));
    CHECK(a.kv_b == 512 * 128 * (128 + 128));
    CHECK(a.o == 128 * 128 * 7168);
    CHECK(a.matrices() == 187'105'280);
    CHECK(p.ffn.dense == 3 * 7168 * 18432);
    CHECK(p.ffn.expert == 44'040'192);  // 3 * 7168 * 2048
    CHECK(p.ffn.router == 7168 * 256);
    CHECK(p.ffn.router_bias == 256);
    // 61 * 187,105,280 + 3 * 396,361,728 + 58 * (257 * 44,040,192 + 1,835,008) + 2 * 129,280 * 7168
    CHECK(p.matrices() == 671'025'397'760);
    // Norms: 61 * (1536 + 512 + 2 * 7168) + 7168; biases: 58 * 256.
    CHECK(p.all() == 671'025'397'760 + 61 * 16'384 + 7168 + 58 * 256);
    CHECK(p.all() == 671'026'419'200);
}

TEST_CASE("counts: DeepSeek-V3's MTP module adds 11.61 B with eh_proj, 11.51 B without", "[model][counts]") {
    const ModelParameters p = parameters_of(preset("deepseek-v3"));
    CHECK(p.mtp.eh_proj == 2 * 7168 * 7168);
    // eh_proj 102,760,448 + attention 187,105,280 + router 1,835,008 + 257 * 44,040,192
    CHECK(p.mtp.matrices() == 11'610'030'080);
    // README_WEIGHTS.md of DeepSeek-V3 says 11.5B unique and 2.4B activated, which leaves eh_proj out.
    CHECK(double(p.mtp.block) == Approx(11.5e9).epsilon(.002));
    // Activated with the shared embedding and head: eh_proj + attention + router + 9 experts + 2 *
    // 926,679,040.
    CHECK(p.mtp.activated() + p.embedding + p.head_matrix == 2'541'420'544);
    CHECK(p.mtp.norms == 3 * 7168);
    CHECK(parameters_of(preset("kimi-k2")).mtp.matrices() == 0);
}

TEST_CASE("counts: the presets' totals are those their configs derive", "[model][counts]") {
    struct Row {
        const char* name;
        Count total, activated;
    };
    // Worked out by hand from the configs: matrices without norms and biases, embedding and head both
    // counted.
    const Row rows[] = {{"deepseek-r1", 671'025'397'760, 37'551'276'032},
                        {"deepseek-v3.2", 671'876'907'008, 38'402'785'280},
                        {"deepseek-v2", 235'740'692'480, 21'375'057'920},
                        {"deepseek-v2-lite", 15'706'357'760, 2'661'023'744},
                        {"kimi-k2", 1'026'407'202'816, 32'860'471'296},
                        {"qwen3-235b", 235'092'836'352, 22'189'965'312},
                        {"llama-3.1-405b", 405'849'243'648, 405'849'243'648},
                        {"qwen2.5-72b", 72'704'065'536, 72'704'065'536},
                        {"mixtral-8x7b", 46'702'526'464, 12'879'659'008},
                        {"mixtral-8x22b", 140'619'939'840, 39'151'337'472}};
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(parameters_of(preset(row.name)).matrices() == row.total);
        CHECK(parameters_of(preset(row.name)).activated() == row.activated);
    }
}

TEST_CASE("counts: Llama-3.1-405B and Qwen2.5-72B hold as many elements as their model cards say",
          "[model][counts]") {
    // 126 * 2 + 1 norms of 16,384.
    CHECK(parameters_of(preset("llama-3.1-405b")).all() == 405'849'243'648 + 253 * 16'384);
    // 80 * 2 + 1 norms of 8192; 80 biases of (64 + 8 + 8) * 128. The card says 72.7B.
    CHECK(parameters_of(preset("qwen2.5-72b")).all() == 72'704'065'536 + 161 * 8192 + 80 * 10'240);
    // Qwen3: norms of q and k, 128 each, shared by the heads.
    CHECK(parameters_of(preset("qwen3-235b")).attention.norms == 256);
}

TEST_CASE("counts: V3.2's indexer adds 13.96 M parameters a layer", "[model][counts]") {
    const AttentionParameters a = parameters_of(preset("deepseek-v3.2")).attention;
    CHECK(a.indexer_q == 1536 * 64 * 128);
    CHECK(a.indexer_k == 7168 * 128);
    CHECK(a.indexer_weights == 7168 * 64);
    CHECK(a.matrices() == 201'064'448);
    CHECK(a.norms == 1536 + 512 + 2 * 128);
}

TEST_CASE("counts: tied embeddings are stored once and multiplied all the same", "[model][counts]") {
    ModelSpec tied           = preset("llama-3.1-405b");
    tied.tie_word_embeddings = true;
    CHECK(parameters_of(tied).matrices() == 405'849'243'648 - 2'101'346'304);
    CHECK(decode_flops(tied, 1).head == 2 * 2'101'346'304. * FLOP);
}

TEST_CASE("counts: a token caches 70,272 bytes in DeepSeek-V3, seven times that in Llama-405B",
          "[model][counts]") {
    // MLA: 61 * (512 + 64) * 2 B. GQA: 2 * layers * 8 kv heads * 128 * 2 B with 80 and 126 layers.
    CHECK(kv_bytes_per_token(preset("deepseek-v3"), KvLayout::bf16) == 70'272 * B);
    CHECK(kv_bytes_per_token(preset("qwen2.5-72b"), KvLayout::bf16) == 327'680 * B);
    CHECK(kv_bytes_per_token(preset("llama-3.1-405b"), KvLayout::bf16) == 516'096 * B);
    CHECK(kv_bytes_per_token(preset("llama-3.1-405b"), KvLayout::fp8) == 258'048 * B);
}

TEST_CASE("counts: FlashMLA's FP8 row is 656 bytes, and V3.2's index key makes it 788", "[model][counts]") {
    const ModelSpec v3 = preset("deepseek-v3"), v32 = preset("deepseek-v3.2");
    // 512 FP8 values, 4 FP32 scales, 64 BF16 rope values; 128 FP8 values and one FP32 scale for the index
    // key.
    CHECK(kv_bytes_per_token_layer(v3, KvLayout::fp8_flashmla) == 512 + 4 * 4 + 64 * 2);
    CHECK(kv_bytes_per_token(v3, KvLayout::fp8_flashmla) == 40'016 * B);
    CHECK(index_bytes_per_token_layer(v32) == 132);
    CHECK(kv_bytes_per_token(v32, KvLayout::fp8_flashmla) == 48'068 * B);
    // FlashMLA's "8.72 GiB at 128K" takes 62 layers: the MTP module caches too.
    CHECK((131'072 * kv_bytes_per_token(v3, KvLayout::bf16, 1)).in(GiB) == Approx(8.72).epsilon(.001));
}

TEST_CASE("counts: without the latent DeepSeek-V3 would cache 71 times as much", "[model][counts]") {
    // 61 * 128 heads * (192 + 128) * 2 B = 4,997,120 B; 40,960 / 576 = 71.1.
    CHECK(expanded_kv_bytes_per_token(preset("deepseek-v3"), Format::bf16) == 4'997'120 * B);
}
