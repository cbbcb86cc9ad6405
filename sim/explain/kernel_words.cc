#include "sim/explain/kernel_words.h"

#include <algorithm>

namespace isobath {
namespace {

constexpr const char* kTokens   = "tokens of one micro-batch";
constexpr const char* kExchange = "tokens whose experts this rank looks up";
constexpr const char* kRows     = "routed rows on this rank, mean";

constexpr KernelWords kWords[] = {
    {"embedding", "looks up the embedding of each token", "BF16", "reads and writes a row of hidden_size"},
    {"input_norm", "RMS norm before attention, with the residual", "precision.gemm",
     "x, residual in; residual, norm out; the quantised row too"},
    {"q", "projects queries", "precision.gemm", kTokens},
    {"q_a+kv_a", "projects into the latents of queries and of the cache", "precision.gemm", kTokens},
    {"q_a_norm", "RMS norm of the query latent", "precision.gemm", "latent in; norm, quantised row out"},
    {"q_b", "expands the query latent into heads", "precision.gemm", kTokens},
    {"kv_a", "projects into the latent of the cache", "precision.gemm", kTokens},
    {"bmm_uk", "folds W_UK into the queries, which then meet the latent", "BF16", kTokens},
    {"kv_norm", "RMS norm of the cached latent", "BF16", "latent and rope key in and out"},
    {"kv_write", "writes this step's tokens into the cache", "precision.kv_cache",
     "BF16 in, one cache entry out"},
    {"rope", "rotates the rope part of every query head and of the key", "BF16",
     "elements in and out, cos and sin"},
    {"kv_b", "expands the cached latent into K and V of every head", "precision.gemm", "requests * context"},
    {"k_assembly", "joins the nope and rope parts of K", "BF16", "nope and shared rope in, joined key out"},
    {"indexer", "scores every cached token with the index heads", "FP8, fixed by the model", kTokens},
    {"index_top_k", "picks the cached tokens that attention will see", "FP32",
     "one FP32 score per cached token"},
    {"core", "attention: scores, softmax, weighted values", "precision.kv_cache", kTokens},
    {"bmm_uv", "expands the attended latent into values of every head", "BF16", kTokens},
    {"o_quantise", "quantises what the output projection reads", "precision.gemm", "BF16 in, quantised out"},
    {"o", "output projection of attention", "precision.gemm", kTokens},
    {"qkv", "projects queries, keys and values", "precision.gemm", kTokens},
    {"qk_norm", "RMS norm of every head's query and key", "BF16", "heads in and out"},
    {"unfused", "a small kernel that this engine does not fuse away", "BF16", "one BF16 row of hidden_size"},
    {"post_norm", "RMS norm after attention, with the residual", "BF16",
     "x, residual in; residual, norm out"},
    {"gate", "router: a score for every expert", "precision.router", kExchange},
    {"top_k", "picks each token's experts", "FP32", "fitted bytes per expert score"},
    {"dispatch_quantise", "quantises rows before they travel", "precision.moe", "BF16 in, quantised out"},
    {"shared_quantise", "quantises the rows of the shared experts", "precision.shared",
     "BF16 in, quantised out"},
    {"shared_up", "gate and up projections of the shared experts", "precision.shared", kTokens},
    {"shared_swiglu", "SwiGLU of the shared experts", "precision.shared", "gate and up in BF16, product out"},
    {"shared_down", "down projection of the shared experts", "precision.shared", kTokens},
    {"row_map", "works out which row goes to which expert", "indices", "fitted bytes per routed row"},
    {"permute", "puts received rows one after another by expert", "precision.moe",
     "received tokens in, rows out"},
    {"fused_moe", "routing and this rank's routed experts as one group of kernels", "precision.moe",
     "routed rows on the rank that has the most"},
    {"moe_up", "gate and up projections of this rank's routed experts", "precision.moe", kRows},
    {"moe_swiglu", "SwiGLU of the routed experts", "precision.moe", "gate and up in BF16, product out"},
    {"moe_down", "down projection of this rank's routed experts", "precision.moe", kRows},
    {"unpermute", "sums each token's rows back into one", "BF16", "rows in, received tokens out"},
    {"ffn_quantise", "quantises the rows of the dense FFN", "precision.gemm", "BF16 in, quantised out"},
    {"ffn_up", "gate and up projections of a dense FFN layer", "precision.gemm", kTokens},
    {"ffn_swiglu", "SwiGLU of a dense FFN layer", "precision.gemm", "gate and up in BF16, product out"},
    {"ffn_down", "down projection of a dense FFN layer", "precision.gemm", kTokens},
    {"final_norm", "RMS norm before the head", "BF16", "x, residual in; residual, norm out"},
    {"head", "logits over the vocabulary", "precision.head", "tokens whose logits are wanted"},
    {"sampling", "softmax and sampling", "FP32", "logits in FP32, twice"},
    {"mtp_norms", "norms of hidden state and embedding before an MTP module", "BF16", "two rows in and out"},
    {"draft_block", "square matrix of a head that drafts", "precision.mtp", "rows that draft"},
    {"draft_silu", "SiLU and residual of a head that drafts", "BF16", "x in, product in, sum out"},
    {"eh_proj", "joins hidden state and embedding for an MTP module", "precision.mtp", kTokens},
};

using C = const LayerContext&;
double heads(C c) {
    return std::max(1, c.model.attention.heads / c.shard.attention_tp);
}
double kv_heads(C c) {
    return std::max(1, c.model.attention.kv_heads / c.shard.attention_tp);
}
double hidden(C c) {
    return c.model.hidden_size;
}
double expert_width(C c) {
    return c.model.moe->moe_intermediate_size / c.shard.expert_tp;
}
double shared_width(C c) {
    return c.model.moe->n_shared_experts * c.model.moe->moe_intermediate_size / c.shard.attention_tp;
}
double dense_width(C c) {
    return c.model.intermediate_size / c.shard.attention_tp;
}
double latent(C c) {
    return c.model.attention.kv_lora_rank + c.model.attention.qk_rope_head_dim;
}

constexpr const char* kHidden = "model hidden_size";

const Dimension kDimensions[] = {
    {"q", "n", "heads * (nope + rope) head dim",
     [](C c) { return heads(c) * c.model.attention.qk_head_dim; }},
    {"q", "k", kHidden, hidden},
    {"kv_a", "n", "kv_lora_rank + qk_rope_head_dim", latent},
    {"kv_a", "k", kHidden, hidden},
    {"q_a+kv_a", "n", "q_lora + kv_lora rank + rope dim",
     [](C c) { return c.model.attention.q_lora_rank + latent(c); }},
    {"q_a+kv_a", "k", kHidden, hidden},
    {"q_b", "n", "heads / tp * (nope + rope dim)",
     [](C c) { return heads(c) * c.model.attention.qk_head_dim; }},
    {"q_b", "k", "model q_lora_rank", [](C c) { return double(c.model.attention.q_lora_rank); }},
    {"bmm_uk", "batch", "heads / attention tp", heads},
    {"bmm_uk", "n", "model kv_lora_rank", [](C c) { return double(c.model.attention.kv_lora_rank); }},
    {"bmm_uk", "k", "model qk_nope_head_dim", [](C c) { return double(c.model.attention.qk_nope_head_dim); }},
    {"bmm_uv", "batch", "heads / attention tp", heads},
    {"bmm_uv", "n", "model v_head_dim", [](C c) { return double(c.model.attention.v_head_dim); }},
    {"bmm_uv", "k", "model kv_lora_rank", [](C c) { return double(c.model.attention.kv_lora_rank); }},
    {"kv_b", "n", "heads / tp * (nope + v head dim)",
     [](C c) { return heads(c) * (c.model.attention.qk_nope_head_dim + c.model.attention.v_head_dim); }},
    {"kv_b", "k", "model kv_lora_rank", [](C c) { return double(c.model.attention.kv_lora_rank); }},
    {"o", "n", kHidden, hidden},
    {"o", "k", "heads / attention tp * v_head_dim",
     [](C c) { return heads(c) * c.model.attention.v_head_dim; }},
    {"qkv", "n", "heads * qk dim + kv heads * (qk + v)",
     [](C c) {
         const AttentionSpec& a = c.model.attention;
         return heads(c) * a.qk_head_dim + kv_heads(c) * (a.qk_head_dim + a.v_head_dim);
     }},
    {"qkv", "k", kHidden, hidden},
    {"gate", "n", "model n_routed_experts", [](C c) { return double(c.model.moe->n_routed_experts); }},
    {"gate", "k", kHidden, hidden},
    {"shared_up", "n", "2 * shared * moe_intermediate / tp", [](C c) { return 2 * shared_width(c); }},
    {"shared_up", "k", kHidden, hidden},
    {"shared_down", "n", kHidden, hidden},
    {"shared_down", "k", "shared * moe_intermediate / tp", shared_width},
    {"moe_up", "n", "2 * moe_intermediate / expert tp", [](C c) { return 2 * expert_width(c); }},
    {"moe_up", "k", kHidden, hidden},
    {"moe_down", "n", kHidden, hidden},
    {"moe_down", "k", "moe_intermediate / expert tp", expert_width},
    {"ffn_up", "n", "2 * intermediate_size / tp", [](C c) { return 2 * dense_width(c); }},
    {"ffn_up", "k", kHidden, hidden},
    {"ffn_down", "n", kHidden, hidden},
    {"ffn_down", "k", "intermediate_size / tp", dense_width},
    {"head", "n", "vocab_size / attention tp",
     [](C c) { return double(c.model.vocab_size / c.shard.attention_tp); }},
    {"head", "k", kHidden, hidden},
    {"eh_proj", "n", kHidden, hidden},
    {"eh_proj", "k", "2 * hidden_size", [](C c) { return 2 * hidden(c); }},
};

}  // namespace

const KernelWords* words_of(std::string_view name) {
    const auto found =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const auto& w) { return w.name == name; });
    return found == std::end(kWords) ? nullptr : &*found;
}

const Dimension* dimension_of(std::string_view name, std::string_view axis) {
    const auto found = std::find_if(std::begin(kDimensions), std::end(kDimensions),
                                    [&](const auto& d) { return d.name == name && d.axis == axis; });
    return found == std::end(kDimensions) ? nullptr : &*found;
}

}  // namespace isobath
