/// A model's architecture, in the words of its own config.json.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hw/spec_reader.h"

namespace isobath {

enum class AttentionKind : std::uint8_t { mha, mqa, gqa, mla };

/// DeepSeek-V3.2's lightning indexer: scores every cached token cheaply, keeps `top_k` of them.
struct IndexerSpec {
    int heads = 0, head_dim = 0, top_k = 0;
};

struct AttentionSpec {
    AttentionKind kind = AttentionKind::gqa;
    int heads = 0, kv_heads = 0;
    int qk_head_dim = 0;  ///< nope + rope for MLA
    int v_head_dim  = 0;
    bool bias       = false;  ///< on the q, k and v projections
    bool qk_norm    = false;  ///< RMSNorm over each head's q and k (Qwen3)
    // MLA only:
    int q_lora_rank      = 0;  ///< 0: q is projected directly (V2-Lite)
    int kv_lora_rank     = 0;
    int qk_nope_head_dim = 0, qk_rope_head_dim = 0;
    std::optional<IndexerSpec> indexer;
};

struct MoeSpec {
    int n_routed_experts = 0, num_experts_per_tok = 0, n_shared_experts = 0;
    int moe_intermediate_size = 0;
    int n_group = 1, topk_group = 1;  ///< group-limited routing; 1 and 1 for plain top-k
    bool sigmoid = false;             ///< gate scores: sigmoid, or softmax
    bool bias    = false;             ///< a correction bias per expert steers the choice (noaux_tc)
};

struct ModelSpec {
    std::string name;    ///< "deepseek-v3"
    std::string title;   ///< "DeepSeek-V3"
    std::string source;  ///< where its config was read
    int hidden_size = 0, num_hidden_layers = 0, vocab_size = 0;
    int intermediate_size        = 0;  ///< of the dense FFN layers
    int first_k_dense_replace    = 0;  ///< leading layers with a dense FFN; all of them without `moe`
    int num_nextn_predict_layers = 0;  ///< MTP modules shipped
    bool tie_word_embeddings     = false;
    AttentionSpec attention;
    std::optional<MoeSpec> moe;

    int dense_layers() const { return moe ? first_k_dense_replace : num_hidden_layers; }
    int moe_layers() const { return num_hidden_layers - dense_layers(); }
};

/// The keys of config.json that read_model looks at, so that an override of any other can be refused.
std::span<const std::string_view> model_keys();

/// Reads a Hugging Face config.json of a known family, ignoring keys that do not shape the model.
///
/// Throws SpecError on a missing or impossible field, an unknown `model_type`, or a feature that
/// would change the counts and is not modelled (sliding windows, sparse layers at other intervals).
ModelSpec read_model(const nlohmann::json& config, const std::string& name, const std::string& file,
                     const std::string& path = "");

/// The preset `scenarios/models/NAME.json`: {"title", "source", "config": {the keys read_model needs}}.
ModelSpec load_model(const DataFiles& data, const std::string& name);

}  // namespace isobath
