// Attention of one layer: MLA (absorbed in decode, naive in prefill) and MHA/MQA/GQA.
#include <algorithm>

#include "model/layer.h"
#include "model/streaming.h"

namespace isobath {
namespace {

constexpr int kFp32Word = 4;

/// Input norm with residual; where projections are quantised, the same kernel writes the quantised row.
void append_input_norm(const LayerContext& c, OpList& out) {
    const double h     = c.model.hidden_size;
    const Format f     = c.precision.gemm;
    const double bytes = residual_norm_bytes(h) + (is_quantised(f) ? h * activation_bytes(f) : 0);
    out.push_back({"input_norm", Stage::attention_in, Part::other, streaming(c.batch.tokens, bytes)});
}

/// A kernel that another engine fuses away passes over one BF16 row: what SGLang's decode breakdown leaves
/// for ten of them at 256 tokens (16.5 us beyond their launches).
void append_unfused(const LayerContext& c, Stage stage, OpList& out) {
    for (int i = 0; i < c.unfused_small_kernels; ++i)
        out.push_back({"unfused", stage, Part::other, streaming(c.batch.tokens, 2.0 * c.model.hidden_size)});
}

/// Queries: through the low-rank pair where the model has one.
void append_mla_q(const LayerContext& c, int heads, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const double m         = c.batch.tokens;
    const Format f         = c.precision.gemm;
    const int latent       = a.kv_lora_rank + a.qk_rope_head_dim;
    const int q_width      = heads * a.qk_head_dim;
    if (a.q_lora_rank == 0) {
        out.push_back({"q", Stage::attention_in, Part::dense_gemm, Gemm{m, q_width, c.model.hidden_size, f}});
        out.push_back(
            {"kv_a", Stage::attention_in, Part::dense_gemm, Gemm{m, latent, c.model.hidden_size, f}});
        return;
    }
    const double q_norm =
        norm_bytes(a.q_lora_rank) + (is_quantised(f) ? quantise_bytes(a.q_lora_rank, f) : 0);
    out.push_back({"q_a+kv_a", Stage::attention_in, Part::dense_gemm,
                   Gemm{m, a.q_lora_rank + latent, c.model.hidden_size, f}});
    out.push_back({"q_a_norm", Stage::attention_in, Part::other, streaming(m, q_norm)});
    out.push_back({"q_b", Stage::attention_in, Part::dense_gemm, Gemm{m, q_width, a.q_lora_rank, f}});
}

/// Rotates the rope part of every query head and the shared rope key: read, write, and a word of cos/sin
/// for each pair (layers of DeepSeek's training trace move 41 kB per token this way at 128 heads).
void append_mla_cache(const LayerContext& c, int heads, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const double latent    = a.kv_lora_rank + a.qk_rope_head_dim;
    out.push_back(
        {"kv_norm", Stage::attention_in, Part::other, streaming(c.batch.tokens, norm_bytes(latent))});
    out.push_back(
        {"kv_write", Stage::attention_in, Part::other,
         streaming(c.batch.tokens, 2 * latent + latent_bytes_per_token(a.kv_lora_rank, a.qk_rope_head_dim,
                                                                       c.precision.kv_cache))});
    out.push_back({"rope", Stage::attention_in, Part::other,
                   streaming(c.batch.tokens, 5.0 * (heads + 1) * a.qk_rope_head_dim)});
}

void append_output_projection(const LayerContext& c, int width, OpList& out) {
    const Format f = c.precision.gemm;
    if (is_quantised(f))
        out.push_back({"o_quantise", Stage::attention_out, Part::other,
                       streaming(c.batch.tokens, quantise_bytes(width, f))});
    out.push_back(
        {"o", Stage::attention_out, Part::dense_gemm, Gemm{c.batch.tokens, c.model.hidden_size, width, f}});
}

/// Decode: W_UK folded into the queries, W_UV into the output, so the core reads the latent cache alone.
void append_mla_absorbed(const LayerContext& c, int heads, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const Batch& b         = c.batch;
    out.push_back({"bmm_uk", Stage::attention_in, Part::dense_gemm,
                   BatchedGemm{heads, b.tokens, a.kv_lora_rank, a.qk_nope_head_dim, Format::bf16}});
    append_mla_cache(c, heads, out);
    double context = b.context / c.shard.attention_cp;
    if (a.indexer) {
        const IndexerSpec& x = *a.indexer;
        out.push_back({"indexer", Stage::attention_out, Part::attention_core,
                       IndexerScore{b.tokens, context, b.requests, x.heads, x.head_dim}});
        out.push_back(
            {"index_top_k", Stage::attention_out, Part::other, streaming(b.tokens, kFp32Word * context)});
        context = std::min<double>(context, x.top_k);
    }
    out.push_back({"core", Stage::attention_out, Part::attention_core,
                   MlaDecode{b.requests, b.s_q, context, heads, a.kv_lora_rank, a.qk_rope_head_dim,
                             c.precision.kv_cache}});
    out.push_back({"bmm_uv", Stage::attention_out, Part::dense_gemm,
                   BatchedGemm{heads, b.tokens, a.v_head_dim, a.kv_lora_rank, Format::bf16}});
}

/// Prefill: K and V are expanded per head and the core is ordinary causal attention. Joining the rope and
/// latent parts of K costs a copy: nope and shared rope in, the joined key out.
void append_mla_naive(const LayerContext& c, int heads, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const Batch& b         = c.batch;
    const double cached    = b.requests * b.context;
    append_mla_cache(c, heads, out);
    out.push_back(
        {"kv_b", Stage::attention_in, Part::dense_gemm,
         Gemm{cached, heads * (a.qk_nope_head_dim + a.v_head_dim), a.kv_lora_rank, c.precision.gemm}});
    out.push_back({"k_assembly", Stage::attention_in, Part::other,
                   streaming(cached, 2.0 * heads * (a.qk_nope_head_dim + a.qk_head_dim))});
    double pairs_len = b.context;
    if (a.indexer) {
        out.push_back({"indexer", Stage::attention_out, Part::attention_core,
                       IndexerScore{b.tokens, b.context - b.q_len / 2, b.requests, a.indexer->heads,
                                    a.indexer->head_dim}});
        pairs_len = std::max(b.q_len, std::min<double>(b.context, a.indexer->top_k + b.q_len / 2));
    }
    out.push_back({"core", Stage::attention_out, Part::attention_core,
                   FlashPrefill{b.requests, b.q_len, pairs_len, heads, heads, a.qk_head_dim, a.v_head_dim,
                                Format::bf16}});
}

void append_mla(const LayerContext& c, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const int heads        = std::max(1, a.heads / c.shard.attention_tp);
    append_mla_q(c, heads, out);
    if (c.batch.pass == Pass::decode)
        append_mla_absorbed(c, heads, out);
    else
        append_mla_naive(c, heads, out);
    append_output_projection(c, heads * a.v_head_dim, out);
}

void append_gqa(const LayerContext& c, OpList& out) {
    const AttentionSpec& a = c.model.attention;
    const Batch& b         = c.batch;
    const int heads        = std::max(1, a.heads / c.shard.attention_tp);
    const int kv           = std::max(1, a.kv_heads / c.shard.attention_tp);
    const int width        = heads * a.qk_head_dim + kv * (a.qk_head_dim + a.v_head_dim);
    out.push_back({"qkv", Stage::attention_in, Part::dense_gemm,
                   Gemm{b.tokens, width, c.model.hidden_size, c.precision.gemm}});
    if (a.qk_norm)
        out.push_back({"qk_norm", Stage::attention_in, Part::other,
                       streaming(b.tokens, norm_bytes(double(heads + kv) * a.qk_head_dim))});
    out.push_back(
        {"rope", Stage::attention_in, Part::other, streaming(b.tokens, 5.0 * (heads + kv) * a.qk_head_dim)});
    out.push_back({"kv_write", Stage::attention_in, Part::other,
                   streaming(b.tokens, 4.0 * kv * (a.qk_head_dim + a.v_head_dim))});
    const double context = b.context / c.shard.attention_cp;
    if (b.pass == Pass::decode)
        out.push_back(
            {"core", Stage::attention_out, Part::attention_core,
             GqaDecode{b.requests, b.s_q, context, heads, kv, a.qk_head_dim, a.v_head_dim,
                       c.precision.kv_cache == KvLayout::bf16 ? Format::bf16 : Format::fp8_tensor}});
    else
        out.push_back({"core", Stage::attention_out, Part::attention_core,
                       FlashPrefill{b.requests, b.q_len, b.context, heads, kv, a.qk_head_dim, a.v_head_dim,
                                    Format::bf16}});
    append_output_projection(c, heads * a.v_head_dim, out);
}

}  // namespace

void append_attention(const LayerContext& c, OpList& out) {
    append_input_norm(c, out);
    if (c.model.attention.kind == AttentionKind::mla)
        append_mla(c, out);
    else
        append_gqa(c, out);
    append_unfused(c, Stage::attention_in, out);
    append_unfused(c, Stage::attention_out, out);
    out.push_back({"post_norm", Stage::attention_out, Part::other,
                   streaming(c.batch.tokens, residual_norm_bytes(c.model.hidden_size))});
}

}  // namespace isobath
