#include "model/counts.h"

namespace isobath {
namespace {

double element_bytes(KvLayout cache) {
    return cache == KvLayout::bf16 ? 2 : 1;
}

}  // namespace

double index_bytes_per_token_layer(const ModelSpec& m) {
    const auto& i = m.attention.indexer;
    return i ? i->head_dim * activation_bytes(Format::fp8_block) : 0;
}

double kv_bytes_per_token_layer(const ModelSpec& m, KvLayout cache) {
    const AttentionSpec& a = m.attention;
    const double kv        = a.kind == AttentionKind::mla
                                 ? latent_bytes_per_token(a.kv_lora_rank, a.qk_rope_head_dim, cache)
                                 : a.kv_heads * (a.qk_head_dim + a.v_head_dim) * element_bytes(cache);
    return kv + index_bytes_per_token_layer(m);
}

Bytes kv_bytes_per_token(const ModelSpec& m, KvLayout cache, int mtp_modules) {
    return (m.num_hidden_layers + mtp_modules) * kv_bytes_per_token_layer(m, cache) * unit::B;
}

Bytes expanded_kv_bytes_per_token(const ModelSpec& m, Format cache) {
    const AttentionSpec& a = m.attention;
    const int kv_heads     = a.kind == AttentionKind::mla ? a.heads : a.kv_heads;
    const double elements  = double(kv_heads) * (a.qk_head_dim + a.v_head_dim);
    return m.num_hidden_layers * elements * activation_bytes(cache) * unit::B;
}

}  // namespace isobath
