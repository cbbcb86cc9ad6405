#include "model/arch.h"

#include <array>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "model/arch_fields.h"

namespace isobath {
namespace {

using namespace config;

constexpr auto kKeys = std::to_array<std::string_view>({"model_type",
                                                        "hidden_size",
                                                        "num_hidden_layers",
                                                        "vocab_size",
                                                        "tie_word_embeddings",
                                                        "num_attention_heads",
                                                        "num_key_value_heads",
                                                        "head_dim",
                                                        "q_lora_rank",
                                                        "kv_lora_rank",
                                                        "qk_nope_head_dim",
                                                        "qk_rope_head_dim",
                                                        "v_head_dim",
                                                        "attention_bias",
                                                        "mlp_bias",
                                                        "index_n_heads",
                                                        "index_head_dim",
                                                        "index_topk",
                                                        "intermediate_size",
                                                        "first_k_dense_replace",
                                                        "moe_layer_freq",
                                                        "decoder_sparse_step",
                                                        "mlp_only_layers",
                                                        "n_routed_experts",
                                                        "num_experts",
                                                        "num_local_experts",
                                                        "num_experts_per_tok",
                                                        "n_shared_experts",
                                                        "moe_intermediate_size",
                                                        "n_group",
                                                        "topk_group",
                                                        "topk_method",
                                                        "scoring_func",
                                                        "num_nextn_predict_layers",
                                                        "sliding_window",
                                                        "use_sliding_window"});

/// DeepSeekMoE: fine-grained routed experts, shared experts, a few leading dense layers.
ModelSpec read_deepseek(SpecReader& in, ModelSpec model, bool with_indexer) {
    // "kv_lora_rank": null asks what grouped attention would do in MLA's place.
    const bool grouped = in.has("kv_lora_rank") && !present(in, "kv_lora_rank");
    model.attention =
        grouped ? read_grouped(in, model.hidden_size, false, false) : read_mla(in, with_indexer);
    model.intermediate_size = in.integer("intermediate_size", 1, kMaxWidth);
    if (!present(in, "n_routed_experts")) return model;
    model.moe                      = read_deepseek_experts(in);
    model.first_k_dense_replace    = integer_or(in, "first_k_dense_replace", 0, 0, kMaxLayers);
    model.num_nextn_predict_layers = integer_or(in, "num_nextn_predict_layers", 0, 0, 64);
    if (model.first_k_dense_replace > model.num_hidden_layers)
        in.fail("first_k_dense_replace", fmt::format("{} is more than num_hidden_layers = {}",
                                                     model.first_k_dense_replace, model.num_hidden_layers));
    return model;
}

ModelSpec read_deepseek_v3(SpecReader& in, ModelSpec model) {
    return read_deepseek(in, std::move(model), false);
}

ModelSpec read_deepseek_v32(SpecReader& in, ModelSpec model) {
    return read_deepseek(in, std::move(model), true);
}

ModelSpec read_dense(SpecReader& in, ModelSpec model, bool qkv_bias) {
    model.attention         = read_grouped(in, model.hidden_size, qkv_bias, false);
    model.intermediate_size = in.integer("intermediate_size", 1, kMaxWidth);
    if (flag(in, "mlp_bias")) in.fail("mlp_bias", "only false is modelled");
    return model;
}

ModelSpec read_llama(SpecReader& in, ModelSpec model) {
    return read_dense(in, std::move(model), false);
}

/// Qwen2's q, k and v projections always have a bias; its config does not say so.
ModelSpec read_qwen2(SpecReader& in, ModelSpec model) {
    return read_dense(in, std::move(model), true);
}

/// Mixtral's experts have the width that other families give to a dense FFN.
ModelSpec read_mixtral(SpecReader& in, ModelSpec model) {
    model.attention         = read_grouped(in, model.hidden_size, false, false);
    MoeSpec m               = read_experts(in, "num_local_experts");
    m.moe_intermediate_size = in.integer("intermediate_size", 1, kMaxWidth);
    model.moe               = m;
    return model;
}

ModelSpec read_qwen3_moe(SpecReader& in, ModelSpec model) {
    model.attention         = read_grouped(in, model.hidden_size, false, true);
    MoeSpec m               = read_experts(in, "num_experts");
    m.moe_intermediate_size = in.integer("moe_intermediate_size", 1, kMaxWidth);
    model.moe               = m;
    model.intermediate_size = integer_or(in, "intermediate_size", 0, 1, kMaxWidth);
    return model;
}

using ReadFamily = ModelSpec (*)(SpecReader&, ModelSpec);
constexpr std::array<std::string_view, 8> kFamilies{
    "deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "llama", "mixtral", "qwen2", "qwen3_moe"};
constexpr std::array<ReadFamily, 8> kReaders{read_deepseek_v3, read_deepseek_v3, read_deepseek_v32,
                                             read_deepseek_v3, read_llama,       read_mixtral,
                                             read_qwen2,       read_qwen3_moe};

}  // namespace

std::span<const std::string_view> model_keys() {
    return kKeys;
}

ModelSpec read_model(const nlohmann::json& config, const std::string& name, const std::string& file,
                     const std::string& path) {
    SpecReader in(config, file, path);
    const std::size_t family = in.choice("model_type", kFamilies);
    ModelSpec model;
    model.name                = name;
    model.title               = name;
    model.source              = file;
    model.hidden_size         = in.integer("hidden_size", 1, kMaxHidden);
    model.num_hidden_layers   = in.integer("num_hidden_layers", 1, kMaxLayers);
    model.vocab_size          = in.integer("vocab_size", 1, kMaxVocab);
    model.tie_word_embeddings = flag(in, "tie_word_embeddings");
    return kReaders[family](in, std::move(model));
}

ModelSpec load_model(const DataFiles& data, const std::string& name) {
    const nlohmann::json json = load_preset(data, "scenarios/models", name, "model", "/");
    const std::string file    = data.shown("scenarios/models/" + name + ".json");
    SpecReader in(json, file);
    ModelSpec model = read_model(in.raw("config"), name, file, "/config");
    model.title     = in.text("title");
    model.source    = in.text("source");
    in.finish();
    return model;
}

}  // namespace isobath
