#include "model/weights.h"

#include <algorithm>

namespace isobath {
namespace {

using unit::B;

Bytes in_format(Format format, double elements) {
    return elements * weight_bytes(format) * B;
}

/// k and v are cut by head; with more ranks than kv heads each rank keeps a whole one.
double kv_head_share(const AttentionSpec& a, const Shard& shard) {
    return 1. / std::min(shard.attention_tp, a.kv_heads);
}

Bytes attention_bytes(const ModelSpec& m, const AttentionParameters& a, const Shard& shard, Format gemm,
                      Format absorbed) {
    const double tp    = shard.attention_tp;
    const double whole = double(a.q_a + a.kv_a + a.indexer());
    const double cut   = double(a.q + a.q_b + a.kv_b + a.o) / tp;
    const double kv    = double(a.k + a.v) * kv_head_share(m.attention, shard);
    return in_format(gemm, whole + cut + kv) + in_format(absorbed, double(a.kv_b) / tp);
}

/// With dedicated ranks for the shared experts, this is a rank of routed ones.
Bytes routed_bytes(const ModelParameters& p, const Shard& shard, Format format) {
    const double experts = p.experts > 0 ? shard.experts_per_rank(p.experts) : 0;
    return in_format(format, experts * double(p.ffn.expert) / shard.expert_tp);
}

Bytes shared_bytes(const ModelParameters& p, const Shard& shard, Format format) {
    const bool here = shard.shared == SharedExperts::replicated;
    return here ? in_format(format, double(p.ffn.shared) / shard.attention_tp) : Bytes{};
}

Bytes router_bytes(const ModelParameters& p, Format format) {
    return in_format(format, double(p.ffn.router)) + in_format(Format::fp32, double(p.ffn.router_bias));
}

Bytes norm_bytes(const ModelParameters& p) {
    return in_format(Format::bf16, double(p.attention.norms + p.attention.biases + p.layer_norms));
}

/// One MTP module: eh_proj, three norms and a layer, all GEMMs in the module's own format.
Bytes mtp_bytes(const ModelSpec& m, const ModelParameters& p, const Shard& shard,
                const PrecisionPolicy& policy) {
    const Bytes ffn = m.moe ? routed_bytes(p, shard, policy.mtp) + shared_bytes(p, shard, policy.mtp) +
                                  router_bytes(p, policy.router)
                            : in_format(policy.mtp, double(p.ffn.dense) / shard.attention_tp);
    return in_format(policy.mtp, double(p.mtp.eh_proj)) + in_format(Format::bf16, double(p.mtp.norms)) +
           attention_bytes(m, p.attention, shard, policy.mtp, policy.absorbed) + ffn + norm_bytes(p);
}

struct Stage {
    int dense = 0, moe = 0;
    bool first = false, last = false;
};

Stage stage_of(const ModelParameters& p, int stages, int index) {
    const int each = p.layers() / stages, more = p.layers() % stages;
    const int begin = index * each + std::min(index, more), end = begin + each + (index < more ? 1 : 0);
    const int dense = std::clamp(p.dense_layers - begin, 0, end - begin);
    return {dense, end - begin - dense, index == 0, index == stages - 1};
}

WeightBytes stage_weights(const ModelSpec& m, const ModelParameters& p, const PrecisionPolicy& policy,
                          const Shard& shard, const Stage& stage, int mtp_modules) {
    const double layers = stage.dense + stage.moe, tp = shard.attention_tp;
    const bool embeds = stage.first || (stage.last && (mtp_modules > 0 || m.tie_word_embeddings));
    const bool heads  = stage.last && !(stage.first && m.tie_word_embeddings);
    WeightBytes w;
    w.attention = layers * attention_bytes(m, p.attention, shard, policy.gemm, policy.absorbed);
    w.dense     = stage.dense * in_format(policy.gemm, double(p.ffn.dense) / tp);
    w.routed    = stage.moe * routed_bytes(p, shard, policy.moe);
    w.shared    = stage.moe * shared_bytes(p, shard, policy.shared);
    w.router    = stage.moe * router_bytes(p, policy.router);
    w.norms = layers * norm_bytes(p) + (stage.last ? in_format(Format::bf16, double(p.final_norm)) : Bytes{});
    if (embeds) w.embedding = in_format(policy.embedding, double(p.embedding) / tp);
    if (heads) w.head = in_format(policy.head, double(p.head) / tp);
    if (stage.last) w.mtp = mtp_modules * mtp_bytes(m, p, shard, policy);
    return w;
}

WeightBytes heaviest_stage(const ModelSpec& m, const PrecisionPolicy& policy, const Shard& shard,
                           int mtp_modules) {
    const ModelParameters p = parameters_of(m);
    WeightBytes most;
    for (int i = 0; i < shard.pp; ++i) {
        const WeightBytes w = stage_weights(m, p, policy, shard, stage_of(p, shard.pp, i), mtp_modules);
        if (i == 0 || w.total() > most.total()) most = w;
    }
    return most;
}

/// Cache of the stage with the most layers. A rank holds the whole latent, or at least one kv head.
Bytes kv_per_token(const ModelSpec& m, const PrecisionPolicy& policy, const Shard& shard, int mtp_modules) {
    const AttentionSpec& a = m.attention;
    const int layers       = (m.num_hidden_layers + shard.pp - 1) / shard.pp + mtp_modules;
    const double share     = a.kind == AttentionKind::mla ? 1 : kv_head_share(a, shard);
    return layers * share / shard.attention_cp * kv_bytes_per_token_layer(m, policy.kv_cache) * B;
}

/// BF16 q, the K and V made or folded for this form, and the output of the heads.
double attention_token(const AttentionSpec& a, const Shard& shard, AttentionForm form) {
    const double heads = double(a.heads) / shard.attention_tp;
    const double kv    = a.kind == AttentionKind::mla ? heads : a.kv_heads * kv_head_share(a, shard);
    const bool folded  = a.kind == AttentionKind::mla && form == AttentionForm::absorbed;
    const double q_out = heads * (a.qk_head_dim + a.v_head_dim);
    const double inner =
        folded ? heads * (2. * a.kv_lora_rank + a.qk_rope_head_dim) : kv * (a.qk_head_dim + a.v_head_dim);
    return 2 * (q_out + inner);
}

/// Gate and up in BF16, their product in the GEMM's format.
double ffn_token(double width, Format format) {
    return 2 * 2 * width + width * activation_bytes(format);
}

/// The residual, its norm, and the larger of attention and the FFN that every token meets.
Bytes token_bytes(const ModelSpec& m, const PrecisionPolicy& policy, const Shard& shard, AttentionForm form) {
    const double dense  = m.dense_layers() > 0 ? double(m.intermediate_size) / shard.attention_tp : 0;
    const double shared = m.moe ? double(m.moe->n_shared_experts) * m.moe->moe_intermediate_size : 0;
    const double ffn =
        std::max(ffn_token(dense, policy.gemm), ffn_token(shared / shard.attention_tp, policy.shared));
    return (2 * 2. * m.hidden_size + std::max(attention_token(m.attention, shard, form), ffn)) * B;
}

/// A dispatched row, gate and up, their product, and the BF16 row that goes back.
Bytes expert_row_bytes(const ModelSpec& m, const PrecisionPolicy& policy, const Shard& shard) {
    if (!m.moe) return {};
    const double width = double(m.moe->moe_intermediate_size) / shard.expert_tp;
    return (m.hidden_size * (activation_bytes(policy.dispatch) + 2) + ffn_token(width, policy.moe)) * B;
}

}  // namespace

WeightBytes weights_of(const ModelSpec& m, const PrecisionPolicy& policy, const Shard& shard,
                       int mtp_modules) {
    WeightBytes w      = heaviest_stage(m, policy, shard, mtp_modules);
    w.kv_per_token     = kv_per_token(m, policy, shard, mtp_modules);
    w.gpus_per_request = double(shard.attention_tp) * shard.attention_cp * shard.pp;
    w.naive_token      = token_bytes(m, policy, shard, AttentionForm::naive);
    w.absorbed_token   = token_bytes(m, policy, shard, AttentionForm::absorbed);
    w.expert_row       = expert_row_bytes(m, policy, shard);
    w.logit_row        = (2. + 4.) * m.vocab_size * B;  // BF16 from the head, FP32 for sampling
    return w;
}

}  // namespace isobath
