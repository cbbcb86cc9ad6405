#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "model/arch_fields.h"

namespace isobath::config {
namespace {

/// Qwen2 writes a window it does not use; Mixtral has no such switch.
void refuse_sliding_window(SpecReader& in) {
    const bool used = in.has("use_sliding_window") ? flag(in, "use_sliding_window") : true;
    if (used && present(in, "sliding_window"))
        in.fail("sliding_window", "sliding-window attention is not modelled; expected null or unused");
}

AttentionKind kind_of(const AttentionSpec& a) {
    if (a.kv_heads == a.heads) return AttentionKind::mha;
    return a.kv_heads == 1 ? AttentionKind::mqa : AttentionKind::gqa;
}

void read_heads(SpecReader& in, AttentionSpec& a) {
    a.heads    = in.integer("num_attention_heads", 1, kMaxHeads);
    a.kv_heads = integer_or(in, "num_key_value_heads", a.heads, 1, kMaxHeads);
    if (a.heads % a.kv_heads != 0)
        in.fail("num_key_value_heads",
                fmt::format("{} does not divide num_attention_heads = {}", a.kv_heads, a.heads));
}

int head_dim(SpecReader& in, int hidden_size, int heads) {
    if (present(in, "head_dim")) return in.integer("head_dim", 1, kMaxHeadDim);
    if (hidden_size % heads != 0)
        in.fail("num_attention_heads", fmt::format("{} does not divide hidden_size = {}; expected head_dim "
                                                   "or a divisor",
                                                   heads, hidden_size));
    return hidden_size / heads;
}

}  // namespace

AttentionSpec read_grouped(SpecReader& in, int hidden_size, bool qkv_bias, bool qk_norm) {
    refuse_sliding_window(in);
    if (flag(in, "attention_bias")) in.fail("attention_bias", "only false is modelled for this family");
    AttentionSpec a;
    read_heads(in, a);
    a.kind        = kind_of(a);
    a.qk_head_dim = a.v_head_dim = head_dim(in, hidden_size, a.heads);
    a.bias                       = qkv_bias;
    a.qk_norm                    = qk_norm;
    return a;
}

namespace {

IndexerSpec read_indexer(SpecReader& in) {
    return {in.integer("index_n_heads", 1, kMaxHeads), in.integer("index_head_dim", 1, kMaxHeadDim),
            in.integer("index_topk", 1)};
}

}  // namespace

AttentionSpec read_mla(SpecReader& in, bool with_indexer) {
    if (flag(in, "attention_bias")) in.fail("attention_bias", "only false is modelled for this family");
    AttentionSpec a;
    read_heads(in, a);
    a.kind             = AttentionKind::mla;
    a.q_lora_rank      = integer_or(in, "q_lora_rank", 0, 1, kMaxWidth);
    a.kv_lora_rank     = in.integer("kv_lora_rank", 1, kMaxWidth);
    a.qk_nope_head_dim = in.integer("qk_nope_head_dim", 1, kMaxHeadDim);
    a.qk_rope_head_dim = in.integer("qk_rope_head_dim", 1, kMaxHeadDim);
    a.qk_head_dim      = a.qk_nope_head_dim + a.qk_rope_head_dim;
    a.v_head_dim       = in.integer("v_head_dim", 1, kMaxHeadDim);
    if (with_indexer) a.indexer = read_indexer(in);
    if (with_indexer && a.q_lora_rank == 0)
        in.fail("q_lora_rank", "missing; the indexer projects its queries from the q latent");
    return a;
}

}  // namespace isobath::config
