#include "model/train/train_memory.h"

#include <algorithm>

#include "model/streaming.h"

namespace isobath {
namespace {

using unit::B;

double sharded(const RankParameters& p, const OptimiserSpec& o, double replicas, double expert_replicas) {
    return o.zero == 0 ? p.replicated + p.experts : p.replicated / replicas + p.experts / expert_replicas;
}

void add(RankParameters& to, double replicated, double experts, Format format) {
    to.replicated += replicated;
    to.experts += experts;
    to.weights += (replicated + experts) * weight_bytes(format) * B;
}

/// Attention, norms and what follows of one layer.
void add_layer(const TrainShape& s, const ModelParameters& p, bool moe, int ep, RankParameters& to) {
    const double tp = s.tp;
    add(to, double(p.attention.all()) / tp + double(p.layer_norms), 0, s.precision.gemm);
    if (!moe) return add(to, double(p.ffn.dense) / tp, 0, s.precision.gemm);
    add(to, double(p.ffn.router + p.ffn.router_bias), 0, s.precision.router);
    add(to, double(p.ffn.shared) / tp, 0, s.precision.shared);
    add(to, 0, double(p.ffn.expert) * double(p.experts) / ep, s.precision.moe);
}

double halves_bytes(double width, Format format) {
    return 2 * width * activation_bytes(format);
}

double kept_attention(const TrainShape& s) {
    const AttentionSpec& a = s.model.attention;
    const double heads = std::max(1, a.heads / s.tp), h = s.model.hidden_size;
    const bool mla = a.kind == AttentionKind::mla, narrow = is_quantised(s.precision.gemm);
    const double q = heads * a.qk_head_dim, o = heads * a.v_head_dim,
                 kv      = mla ? heads * (a.qk_head_dim + a.v_head_dim)
                               : std::max(1.0, double(a.kv_heads) / s.tp) * (a.qk_head_dim + a.v_head_dim);
    const double latents = mla ? a.q_lora_rank + a.kv_lora_rank + a.qk_rope_head_dim : q + kv;
    double bytes         = 2 * 2 * h + 2 * latents + (mla && narrow ? 1.5 : 2) * o + 4 * heads;
    if (s.recompute == Recompute::none) bytes += 2 * 2 * h + (mla ? 2 * (q + kv) : 0);
    return bytes;
}

double kept_experts(const TrainShape& s) {
    const MoeSpec& moe = *s.model.moe;
    const double w = moe.moe_intermediate_size, h = s.model.hidden_size, rows = s.expert_rows / s.tokens;
    double bytes = s.received_tokens / s.tokens * h * activation_bytes(s.precision.moe) +
                   rows * halves_bytes(w, s.precision.moe) +
                   halves_bytes(moe.n_shared_experts * w / s.tp, s.precision.shared);
    if (s.recompute == Recompute::none)
        bytes += (rows + moe.n_shared_experts) * w * activation_bytes(s.precision.moe);
    return bytes;
}

double kept_dense(const TrainShape& s) {
    const double w = s.model.intermediate_size / s.tp;
    return halves_bytes(w, s.precision.gemm) +
           (s.recompute == Recompute::none ? w * activation_bytes(s.precision.gemm) : 0);
}

}  // namespace

RankParameters parameters_of(const TrainShape& s, const StageParts& stage, int ep) {
    const ModelParameters p = parameters_of(s.model);
    RankParameters out;
    for (int i = 0; i < stage.layers(); ++i) add_layer(s, p, i >= stage.dense && s.model.moe, ep, out);
    for (int i = 0; i < stage.mtp; ++i) add(out, double(p.mtp.eh_proj + p.mtp.norms), 0, s.precision.mtp);
    if (stage.embedding) add(out, double(p.embedding) / s.tp, 0, s.precision.embedding);
    if (stage.heads > 0) add(out, double(p.head_matrix + p.final_norm) / s.tp, 0, s.precision.head);
    if (stage.mtp > 0 && !stage.embedding) add(out, double(p.embedding) / s.tp, 0, s.precision.embedding);
    return out;
}

void add_parameters(const RankParameters& p, const OptimiserSpec& o, double replicas, double expert_replicas,
                    TrainMemory& out) {
    out.weights += p.weights;
    out.gradients += (p.replicated + p.experts) * o.gradient_bytes * B;
    out.optimiser += sharded(p, o, replicas, expert_replicas) * (o.master_bytes + 2 * o.moment_bytes) * B;
}

Bytes kept_of_layer(const TrainShape& s, bool moe) {
    if (s.recompute == Recompute::full) return s.tokens * 2.0 * s.model.hidden_size * B;
    return s.tokens * (kept_attention(s) + (moe ? kept_experts(s) : kept_dense(s))) * B;
}

Bytes optimiser_traffic(const RankParameters& p, const OptimiserSpec& o, double replicas,
                        double expert_replicas) {
    const double each = o.gradient_bytes + 2 * o.master_bytes + 4 * o.moment_bytes + 2;
    return sharded(p, o, replicas, expert_replicas) * each * B + (p.replicated + p.experts) * 2 * B +
           p.weights;
}

}  // namespace isobath
