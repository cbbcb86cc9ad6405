#include "model/arch.h"

#include <nlohmann/json.hpp>

#include "model/counts.h"
#include "tests/catch.h"

using namespace isobath;
using nlohmann::json;

namespace {

/// A DeepSeek-shaped config, small and round, with keys that do not shape the model.
json small() {
    return {{"model_type", "deepseek_v3"},
            {"hidden_size", 64},
            {"num_hidden_layers", 4},
            {"vocab_size", 100},
            {"intermediate_size", 96},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 8},
            {"q_lora_rank", nullptr},
            {"kv_lora_rank", 16},
            {"qk_nope_head_dim", 8},
            {"qk_rope_head_dim", 4},
            {"v_head_dim", 8},
            {"n_routed_experts", 16},
            {"num_experts_per_tok", 4},
            {"moe_intermediate_size", 32},
            {"n_group", 4},
            {"topk_group", 2},
            {"first_k_dense_replace", 1},
            {"torch_dtype", "bfloat16"},
            {"rope_scaling", {{"factor", 40}}}};
}

void check_refused(const json& change, const std::string& message) {
    json config = small();
    config.merge_patch(change);
    CHECK_THROWS_WITH(read_model(config, "x", "x.json"), Catch::StartsWith("x.json: " + message));
}

}  // namespace

TEST_CASE("arch: a config of one's own is read past the keys that do not shape the model", "[model][arch]") {
    const ModelSpec model = read_model(small(), "mine", "config.json");
    CHECK(model.attention.kind == AttentionKind::mla);
    CHECK(model.attention.q_lora_rank == 0);
    CHECK(model.attention.qk_head_dim == 12);
    CHECK(model.dense_layers() == 1);
    CHECK(model.moe_layers() == 3);
    CHECK(model.moe->n_group == 4);
}

TEST_CASE("arch: DeepSeek-V3's preset has 3 dense and 58 MoE layers and one MTP module", "[model][arch]") {
    const ModelSpec v3 = load_model(DataFiles{}, "deepseek-v3");
    CHECK(v3.title == "DeepSeek-V3");
    CHECK(v3.dense_layers() == 3);
    CHECK(v3.moe_layers() == 58);
    CHECK(v3.num_nextn_predict_layers == 1);
    CHECK(v3.moe->bias);
    CHECK_FALSE(v3.attention.indexer);
    CHECK(load_model(DataFiles{}, "deepseek-v3.2").attention.indexer->top_k == 2048);
}

TEST_CASE("arch: the kind of attention follows from the kv heads", "[model][arch]") {
    json config = {{"model_type", "llama"}, {"hidden_size", 64},       {"num_hidden_layers", 2},
                   {"vocab_size", 100},     {"intermediate_size", 96}, {"num_attention_heads", 8}};
    CHECK(read_model(config, "x", "x.json").attention.kind == AttentionKind::mha);
    config["num_key_value_heads"] = 2;
    CHECK(read_model(config, "x", "x.json").attention.kind == AttentionKind::gqa);
    config["num_key_value_heads"] = 1;
    CHECK(read_model(config, "x", "x.json").attention.kind == AttentionKind::mqa);
    CHECK(read_model(config, "x", "x.json").attention.qk_head_dim == 8);
}

TEST_CASE("arch: an impossible field is named with what would do", "[model][arch]") {
    check_refused({{"num_key_value_heads", 3}},
                  "/num_key_value_heads: 3 does not divide num_attention_heads = 8");
    check_refused({{"num_experts_per_tok", 17}},
                  "/num_experts_per_tok: 17 is more than n_routed_experts = 16");
    check_refused({{"num_experts_per_tok", 9}},
                  "/num_experts_per_tok: 9 is more than the 8 experts in topk_group");
    check_refused({{"n_group", 3}}, "/n_group: 3 does not divide n_routed_experts = 16");
    check_refused({{"topk_group", 5}}, "/topk_group: 5 is more than n_group = 4");
    check_refused({{"hidden_size", 0}}, "/hidden_size: expected a whole number from 1 to");
    check_refused({{"kv_lora_rank", 0}}, "/kv_lora_rank: expected a whole number from 1 to");
    check_refused({{"kv_lora_rank", nullptr}}, "/kv_lora_rank: missing");
    check_refused({{"first_k_dense_replace", 5}},
                  "/first_k_dense_replace: 5 is more than num_hidden_layers = 4");
    check_refused({{"moe_layer_freq", 2}}, "/moe_layer_freq: only 1 is modelled");
}

TEST_CASE("arch: an unknown model_type is answered with the known ones", "[model][arch]") {
    check_refused(
        {{"model_type", "gpt2"}},
        "/model_type: \"gpt2\": not known; allowed: deepseek_v2, deepseek_v3, deepseek_v32, kimi_k2, llama,"
        " mixtral, qwen2, qwen3_moe");
}

TEST_CASE("arch: a sliding window is refused only where it is used", "[model][arch]") {
    json config = {{"model_type", "qwen2"},    {"hidden_size", 64},          {"num_hidden_layers", 2},
                   {"vocab_size", 100},        {"intermediate_size", 96},    {"num_attention_heads", 8},
                   {"sliding_window", 131072}, {"use_sliding_window", false}};
    CHECK(read_model(config, "x", "x.json").attention.bias);
    config["use_sliding_window"] = true;
    CHECK_THROWS_WITH(read_model(config, "x", "x.json"), Catch::Contains("/sliding_window: sliding-window"));
}

TEST_CASE("arch: a null kv_lora_rank puts grouped attention in MLA's place", "[model][arch]") {
    // DeepSeek-V3 with 8 kv heads of 128: 2 * 61 layers * 8 * 128 * 2 B = 249,856 B of cache per token, 3.6
    // times the latent's 70,272.
    json config            = json::parse(*DataFiles().find("scenarios/models/deepseek-v3.json"))["config"];
    config["kv_lora_rank"] = nullptr, config["num_key_value_heads"] = 8, config["head_dim"] = 128;
    const ModelSpec model = read_model(config, "v3-gqa", "x.json");
    CHECK(model.attention.kind == AttentionKind::gqa);
    CHECK(kv_bytes_per_token(model, KvLayout::bf16) == 249'856 * unit::B);
    config.erase("kv_lora_rank");
    CHECK_THROWS_WITH(read_model(config, "v3", "x.json"),
                      Catch::StartsWith("x.json: /kv_lora_rank: missing"));
}
