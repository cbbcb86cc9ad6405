// Attention of one layer in training: MLA with keys and values expanded per head, and grouped attention.
#include <algorithm>

#include "model/train/train_lister.h"

namespace isobath {
namespace {

/// Attention outputs are kept for the backward pass in 12 bits (E5M6, DeepSeek-V3 report, 3.3.3): BF16 on one
/// side, 1.5 B on the other.
constexpr double kKeptOutputBytes = 3.5;

/// Widths of one rank's share of a layer's attention.
struct MlaShape {
    explicit MlaShape(const TrainShape& s)
        : heads(std::max(1, s.model.attention.heads / s.tp)),
          h(s.model.hidden_size),
          a(s.model.attention),
          latent(a.kv_lora_rank + a.qk_rope_head_dim),
          q(heads * a.qk_head_dim),
          kv(heads * (a.qk_nope_head_dim + a.v_head_dim)),
          o(heads * a.v_head_dim),
          n(s.tokens),
          keys(s.tokens * s.cp),
          format(s.precision.gemm) {}

    int heads, h;
    const AttentionSpec& a;
    int latent, q, kv, o;
    double n, keys;  ///< tokens of this rank; of all ranks that split its sequences, whose latents it gathers
    Format format;

    Linear q_a() const { return {"q_a", h, a.q_lora_rank, format, n}; }
    Linear kv_a() const { return {"kv_a", h, latent, format, n}; }
    Linear q_b() const {
        return {a.q_lora_rank > 0 ? "q_b" : "q", a.q_lora_rank > 0 ? a.q_lora_rank : h, q, format, n};
    }
    Linear kv_b() const { return {"kv_b", a.kv_lora_rank, kv, format, keys}; }
    Linear out() const { return {"o", o, h, format, n}; }
};

/// Each rank has an equal share of the pairs of a causal sequence, whatever its place in it:
/// q * (k - q) + q (q + 1) / 2 = S (S + 1) / 2 / cp at q = S / cp, where k = q + (S - q) / 2.
FlashPrefill core_of(const TrainShape& s, int heads, int kv_heads) {
    const AttentionSpec& a = s.model.attention;
    const double queries = s.sequence / s.cp, sequences = s.tokens / queries;
    return {sequences,    queries,     queries + (s.sequence - queries) / 2, heads, kv_heads, a.qk_head_dim,
            a.v_head_dim, Format::bf16};
}

/// Norms of both latents, cut out of the joint product, and the expanded queries and keys.
void expand_mla(TrainLister& l, const MlaShape& m) {
    const AttentionSpec& a = m.a;
    if (a.q_lora_rank > 0) {
        l.bytes("q_a_norm", m.n * norm_bytes(a.q_lora_rank));
        l.bytes("copy", m.n * 4.0 * a.q_lora_rank);
    }
    l.bytes("kv_norm", m.n * norm_bytes(a.kv_lora_rank));
    l.bytes("copy", m.n * 4.0 * a.kv_lora_rank);
    l.forward(m.q_b());
    l.forward(m.kv_b());
    l.bytes("rope", m.n * 5.0 * a.qk_rope_head_dim);
    l.bytes("k_assembly", m.keys * 2.0 * m.heads * (a.qk_nope_head_dim + a.qk_head_dim));
    l.bytes("copy", m.keys * 4.0 * m.heads * a.qk_nope_head_dim);
    l.bytes("rope", m.n * 5.0 * m.heads * a.qk_rope_head_dim);
}

void mla_forward(TrainLister& l, const MlaShape& m) {
    if (m.a.q_lora_rank > 0) l.forward(m.q_a());
    l.forward(m.kv_a());
    l.tiny("fill", 2);
    expand_mla(l, m);
    l.op("core", core_of(l.s, m.heads, m.heads));
    if (is_quantised(m.format)) l.bytes("keep output", m.n * kKeptOutputBytes * m.o);
    l.forward(m.out());
}

/// The core's own: what it prepares (O * dO, FP32 sums of dQ set to zero) and finishes (dQ to BF16).
void backward_core(TrainLister& l, const FlashPrefill& core, double n, double o, double q) {
    l.bytes("core prepare", n * (4.0 * o + 4.0 * q));
    l.op("core", core, Recipe::attention_backward);
    l.bytes("core finish", n * 6.0 * q);
}

void mla_latents_backward(TrainLister& l, const MlaShape& m) {
    const AttentionSpec& a = m.a;
    l.bytes("kv_norm", m.n * 2 * norm_bytes(a.kv_lora_rank));
    if (a.q_lora_rank > 0) l.bytes("q_a_norm", m.n * 2 * norm_bytes(a.q_lora_rank));
    l.tiny("join", 10);
    if (l.s.recompute != Recompute::none) {
        l.again(true);
        l.bytes("input_norm", m.n * norm_bytes(m.h));
        l.again(false);
    }
    l.backward_input(m.kv_a());
    if (a.q_lora_rank == 0) return;
    l.backward_input(m.q_a());
    l.bytes("add", m.n * 6.0 * m.h);  // both reach the same hidden state
}

void mla_backward(TrainLister& l, const MlaShape& m) {
    const AttentionSpec& a = m.a;
    if (is_quantised(m.format)) l.bytes("load output", m.n * kKeptOutputBytes * m.o);
    l.backward_input(m.out());
    if (l.s.recompute != Recompute::none) {
        l.again(true);
        expand_mla(l, m);
        l.again(false);
    }
    backward_core(l, core_of(l.s, m.heads, m.heads), m.n, m.o, m.q);
    l.bytes("rope", m.n * 5.0 * m.heads * a.qk_rope_head_dim);
    l.backward_input(m.q_b());
    l.bytes("sum of heads", m.keys * 2.0 * m.heads * a.qk_rope_head_dim);  // they share one rope key
    l.bytes("rope", m.n * 5.0 * a.qk_rope_head_dim);
    l.bytes("copy", m.keys * 4.0 * m.heads * a.qk_nope_head_dim);
    l.bytes("copy", m.keys * 4.0 * m.heads * a.v_head_dim);
    l.backward_input(m.kv_b());
    mla_latents_backward(l, m);
}

void mla_weights(TrainLister& l, const MlaShape& m) {
    l.backward_weight(m.out());
    l.backward_weight(m.kv_b());
    l.backward_weight(m.q_b());
    l.backward_weight(m.kv_a());
    if (m.a.q_lora_rank > 0) l.backward_weight(m.q_a());
}

struct GroupedShape {
    explicit GroupedShape(const TrainShape& s)
        : a(s.model.attention),
          h(s.model.hidden_size),
          heads(std::max(1, a.heads / s.tp)),
          kv_heads(std::max(1, a.kv_heads / s.tp)),
          q(heads * a.qk_head_dim),
          o(heads * a.v_head_dim),
          width(q + kv_heads * (a.qk_head_dim + a.v_head_dim)),
          n(s.tokens),
          format(s.precision.gemm) {}

    const AttentionSpec& a;
    int h, heads, kv_heads, q, o, width;
    double n;
    Format format;

    Linear qkv() const { return {"qkv", h, width, format, n}; }
    Linear out() const { return {"o", o, h, format, n}; }
    double rope_bytes() const { return n * 5.0 * (heads + kv_heads) * a.qk_head_dim; }
};

void grouped_forward(TrainLister& l, const GroupedShape& g) {
    l.forward(g.qkv());
    l.bytes("rope", g.rope_bytes());
    l.op("core", core_of(l.s, g.heads, g.kv_heads));
    l.forward(g.out());
}

void grouped_backward(TrainLister& l, const GroupedShape& g) {
    l.backward_input(g.out());
    backward_core(l, core_of(l.s, g.heads, g.kv_heads), g.n, g.o, g.q);
    l.bytes("rope", g.rope_bytes());
    if (l.s.recompute != Recompute::none) {
        l.again(true);
        l.bytes("input_norm", g.n * norm_bytes(g.h));
        l.again(false);
    }
    l.backward_input(g.qkv());
}

/// dy, x and the residual's gradient in, dx out; and the partial sums of the norm's own gradient.
void norm_backward(TrainLister& l, int h) {
    l.bytes("norm backward", l.s.tokens * 10.0 * h);
    l.tiny("norm sums", 2);
}

void forward_of(TrainLister& l) {
    const double h = l.s.model.hidden_size;
    l.bytes("input_norm", l.s.tokens * residual_norm_bytes(h));
    l.s.model.attention.kind == AttentionKind::mla ? mla_forward(l, MlaShape(l.s))
                                                   : grouped_forward(l, GroupedShape(l.s));
    l.bytes("scale", l.s.tokens * 4 * h);
    l.bytes("post_norm", l.s.tokens * residual_norm_bytes(h));
}

}  // namespace

void append_train_attention(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    const bool mla = s.model.attention.kind == AttentionKind::mla;
    l.in(TrainPhase::attention_forward);
    forward_of(l);
    l.in(TrainPhase::attention_input);
    if (s.recompute == Recompute::full) {
        l.again(true);
        forward_of(l);
        l.again(false);
    }
    l.bytes("add", s.tokens * 6.0 * s.model.hidden_size);
    norm_backward(l, s.model.hidden_size);
    l.bytes("scale", s.tokens * 4.0 * s.model.hidden_size);
    mla ? mla_backward(l, MlaShape(s)) : grouped_backward(l, GroupedShape(s));
    l.bytes("add", s.tokens * 6.0 * s.model.hidden_size);
    norm_backward(l, s.model.hidden_size);
    l.in(TrainPhase::attention_weight);
    if (mla) return mla_weights(l, MlaShape(s));
    l.backward_weight(GroupedShape(s).out());
    l.backward_weight(GroupedShape(s).qkv());
}

}  // namespace isobath
