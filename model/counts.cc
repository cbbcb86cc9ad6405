#include "model/counts.h"

#include <algorithm>

namespace isobath {
namespace {

AttentionParameters mla_parameters(const AttentionSpec& a, Count hidden) {
    const Count q_width  = Count(a.heads) * a.qk_head_dim;
    const Count kv_width = Count(a.heads) * (a.qk_nope_head_dim + a.v_head_dim);
    AttentionParameters p;
    p.q     = a.q_lora_rank > 0 ? 0 : hidden * q_width;
    p.q_a   = hidden * a.q_lora_rank;
    p.q_b   = a.q_lora_rank * q_width;
    p.kv_a  = hidden * (a.kv_lora_rank + a.qk_rope_head_dim);
    p.kv_b  = a.kv_lora_rank * kv_width;
    p.o     = Count(a.heads) * a.v_head_dim * hidden;
    p.norms = a.q_lora_rank + a.kv_lora_rank;  // RMSNorm of each latent
    return p;
}

AttentionParameters grouped_parameters(const AttentionSpec& a, Count hidden) {
    const Count q = Count(a.heads) * a.qk_head_dim, k = Count(a.kv_heads) * a.qk_head_dim,
                v = Count(a.kv_heads) * a.v_head_dim;
    AttentionParameters p;
    p.q      = hidden * q;
    p.k      = hidden * k;
    p.v      = hidden * v;
    p.o      = Count(a.heads) * a.v_head_dim * hidden;
    p.norms  = a.qk_norm ? 2 * a.qk_head_dim : 0;  // shared by the heads
    p.biases = a.bias ? q + k + v : 0;
    return p;
}

/// Queries from the q latent, one key for all heads, a weight per head; its key has a LayerNorm with bias.
void add_indexer(AttentionParameters& p, const AttentionSpec& a, Count hidden) {
    const IndexerSpec& i = *a.indexer;
    p.indexer_q          = Count(a.q_lora_rank) * i.heads * i.head_dim;
    p.indexer_k          = hidden * i.head_dim;
    p.indexer_weights    = hidden * i.heads;
    p.norms += Count{2} * i.head_dim;
}

AttentionParameters attention_parameters(const AttentionSpec& a, Count hidden) {
    AttentionParameters p =
        a.kind == AttentionKind::mla ? mla_parameters(a, hidden) : grouped_parameters(a, hidden);
    if (a.indexer) add_indexer(p, a, hidden);
    return p;
}

/// Gate, up and down projections.
Count swiglu_parameters(Count hidden, Count width) {
    return 3 * hidden * width;
}

FfnParameters ffn_parameters(const ModelSpec& m) {
    FfnParameters p;
    if (m.dense_layers() > 0) p.dense = swiglu_parameters(m.hidden_size, m.intermediate_size);
    if (!m.moe) return p;
    p.expert      = swiglu_parameters(m.hidden_size, m.moe->moe_intermediate_size);
    p.shared      = m.moe->n_shared_experts * p.expert;
    p.router      = Count(m.hidden_size) * m.moe->n_routed_experts;
    p.router_bias = m.moe->bias ? m.moe->n_routed_experts : 0;
    return p;
}

Count moe_layer(const ModelParameters& p, Count experts) {
    return p.attention.matrices() + p.ffn.router + p.ffn.shared + experts * p.ffn.expert;
}

Count dense_layer(const ModelParameters& p) {
    return p.attention.matrices() + p.ffn.dense;
}

/// Matrices a token meets in the layers: `experts` routed ones in each MoE layer.
Count layer_matrices(const ModelParameters& p, Count experts) {
    return p.dense_layers * dense_layer(p) + p.moe_layers * moe_layer(p, experts);
}

Count layer_vectors(const ModelParameters& p) {
    return p.attention.norms + p.attention.biases + p.layer_norms;
}

/// DeepSeek-V3 report, section 2.2: the module's block is a layer of the model's last kind.
MtpParameters mtp_parameters(const ModelSpec& m, const ModelParameters& p) {
    MtpParameters mtp;
    if (m.num_nextn_predict_layers == 0) return mtp;
    mtp.eh_proj         = 2 * Count(m.hidden_size) * m.hidden_size;
    mtp.norms           = 3 * Count(m.hidden_size);
    mtp.block           = m.moe ? moe_layer(p, p.experts) : dense_layer(p);
    mtp.block_activated = m.moe ? moe_layer(p, p.experts_per_token) : dense_layer(p);
    mtp.block_vectors   = layer_vectors(p) + p.ffn.router_bias;
    return mtp;
}

/// Keys that a token of a causal sequence meets on average, if it sees at most `most` of them.
double mean_keys(double sequence, double most) {
    if (most >= sequence) return (sequence + 1) / 2;
    return (most * (most + 1) / 2 + (sequence - most) * most) / sequence;
}

}  // namespace

Count ModelParameters::matrices() const {
    return layer_matrices(*this, experts) + embedding + head;
}

Count ModelParameters::all() const {
    return matrices() + layers() * layer_vectors(*this) + moe_layers * ffn.router_bias + final_norm;
}

Count ModelParameters::activated() const {
    return layer_matrices(*this, experts_per_token) + embedding + head;
}

ModelParameters parameters_of(const ModelSpec& m) {
    ModelParameters p;
    p.embedding = p.head_matrix = Count(m.vocab_size) * m.hidden_size;
    p.head                      = m.tie_word_embeddings ? 0 : p.head_matrix;
    p.attention                 = attention_parameters(m.attention, m.hidden_size);
    p.ffn                       = ffn_parameters(m);
    p.layer_norms               = 2 * Count(m.hidden_size);
    p.final_norm                = m.hidden_size;
    p.dense_layers              = m.dense_layers();
    p.moe_layers                = m.moe_layers();
    p.experts                   = m.moe ? m.moe->n_routed_experts : 0;
    p.experts_per_token         = m.moe ? m.moe->num_experts_per_tok : 0;
    p.mtp                       = mtp_parameters(m, p);
    return p;
}

Flops attention_flop_per_pair(const ModelSpec& m, AttentionForm form) {
    const AttentionSpec& a = m.attention;
    const bool absorbed    = form == AttentionForm::absorbed && a.kind == AttentionKind::mla;
    // Absorbed: scores take the latent and the rope key; values take the latent alone.
    const int width = absorbed ? 2 * a.kv_lora_rank + a.qk_rope_head_dim : a.qk_head_dim + a.v_head_dim;
    return 2. * a.heads * width * unit::FLOP;
}

Flops indexer_flop_per_pair(const ModelSpec& m) {
    const auto& i = m.attention.indexer;
    return i ? 2. * i->heads * i->head_dim * unit::FLOP : Flops{};
}

TokenFlops decode_flops(const ModelSpec& m, double context, AttentionForm form) {
    const ModelParameters p = parameters_of(m);
    const double layers     = p.layers();
    const auto& indexer     = m.attention.indexer;
    const double seen       = indexer ? std::min<double>(context, indexer->top_k) : context;
    const Count moe_ffn     = p.ffn.shared + p.experts_per_token * p.ffn.expert;
    TokenFlops f;
    f.linear    = 2 * layers * double(p.attention.projections()) * unit::FLOP;
    f.ffn       = 2. * double(p.dense_layers * p.ffn.dense + p.moe_layers * moe_ffn) * unit::FLOP;
    f.router    = 2. * double(p.moe_layers * p.ffn.router) * unit::FLOP;
    f.head      = 2. * double(p.head_matrix) * unit::FLOP;
    f.attention = layers * seen * attention_flop_per_pair(m, form);
    f.indexer =
        layers * (2. * double(p.attention.indexer()) * unit::FLOP + context * indexer_flop_per_pair(m));
    return f;
}

TrainingFlops training_flops(const ModelSpec& m, double sequence, int mtp_modules) {
    const ModelParameters p = parameters_of(m);
    const Count modules     = mtp_modules * (p.mtp.activated() + p.head_matrix);
    const double matrices   = double(layer_matrices(p, p.experts_per_token) + p.head_matrix + modules);
    const double layers     = p.layers() + mtp_modules;
    const double seen     = mean_keys(sequence, m.attention.indexer ? m.attention.indexer->top_k : sequence);
    const Flops attention = seen * attention_flop_per_pair(m, AttentionForm::naive);
    const Flops indexer   = mean_keys(sequence, sequence) * indexer_flop_per_pair(m);
    return {3 * 2 * matrices * unit::FLOP, 3 * layers * (attention + indexer)};
}

}  // namespace isobath
