// What follows attention in training: router, shared and routed experts, dense FFN; and the model's ends.
#include <algorithm>

#include "model/train/train_lister.h"

namespace isobath {
namespace {

/// As in inference (layer_ffn.cc), from the same trace: 0.12 ms of top-k for 4,096 tokens of 256 experts and
/// 0.1 ms of row mapping for 8,192 tokens of top-8, at the 2.5 TB/s fitted to its streaming kernels.
constexpr double kTopKBytesPerExpert = 0.12e-3 * 2.5e12 / 4096 / 256;
constexpr double kRowMapBytesPerRow  = 0.1e-3 * 2.5e12 / 8192 / 8;

/// Kernels of some microseconds that the trace launches around the router: 36 forward (scores, masks, counts
/// for the balance loss), 24 backward.
constexpr int kRouterForward = 36, kRouterBackward = 24;

/// A gated FFN that every token of the rank passes: the dense one, or the shared experts.
struct Ffn {
    const char *up, *down;
    int width = 0;
    Format format;
    bool dispatched;  ///< its rows come cast, for the dispatch needs them so

    Linear up_of(const TrainShape& s) const {
        return {up, s.model.hidden_size, 2 * width, format, s.tokens, !dispatched, true};
    }
    Linear down_of(const TrainShape& s) const {
        Linear l{down, width, s.model.hidden_size, format, s.tokens, false, !dispatched};
        l.out_seen = dispatched ? 2 : 3;
        return l;
    }
};

Ffn shared_ffn(const TrainShape& s) {
    const MoeSpec& moe = *s.model.moe;
    return {"shared_up", "shared_down", moe.n_shared_experts * moe.moe_intermediate_size / s.tp,
            s.precision.shared, true};
}

Ffn dense_ffn(const TrainShape& s) {
    return {"ffn_up", "ffn_down", s.model.intermediate_size / s.tp, s.precision.gemm, false};
}

/// Gate and up halves are kept in the products' format: a cast more in FP8.
void keep_halves(TrainLister& l, double rows, double width, Format format) {
    if (is_quantised(format)) l.bytes("keep halves", rows * quantise_bytes(2 * width, format));
}

void ffn_up_forward(TrainLister& l, const Ffn& f) {
    l.forward(f.up_of(l.s));
}

void ffn_down_forward(TrainLister& l, const Ffn& f) {
    l.bytes("swiglu", l.s.tokens * swiglu_bytes(f.width, f.format));
    l.forward(f.down_of(l.s));
    keep_halves(l, l.s.tokens, f.width, f.format);
}

/// d(product) = dY * W_down; SwiGLU again, for the weights' product; its backward.
void ffn_down_backward(TrainLister& l, const Ffn& f) {
    const bool cast = is_quantised(f.format);
    if (cast) l.bytes("load halves", l.s.tokens * quantise_bytes(2 * f.width, f.format));
    Linear down  = f.down_of(l.s);
    down.in_seen = 0;  // with SwiGLU below
    l.backward_input(down);
    l.again(l.s.recompute != Recompute::none);
    l.bytes("swiglu", l.s.tokens * swiglu_bytes(f.width, f.format));
    l.again(false);
    l.bytes("swiglu backward", l.s.tokens * 10.0 * f.width);
}

void ffn_up_backward(TrainLister& l, const Ffn& f) {
    if (is_quantised(f.format) && f.dispatched)
        l.bytes("load rows", l.s.tokens * quantise_bytes(l.s.model.hidden_size, f.format));
    l.backward_input(f.up_of(l.s));
}

/// The products of the rank's experts: `rows` rows in all.
struct Experts {
    explicit Experts(const TrainShape& s)
        : h(s.model.hidden_size),
          w(s.model.moe->moe_intermediate_size),
          e(s.local_experts),
          rows(s.expert_rows),
          variance(s.row_variance),
          copies(s.expert_rows + s.received_tokens),
          format(s.precision.moe),
          cast(is_quantised(s.precision.moe)) {}

    int h, w, e;
    double rows, variance, copies;
    Format format;
    bool cast;

    GroupedGemm product(int n, int k) const {
        return {rows, e, variance, n, k, format, GroupedLayout::contiguous};
    }
    Gemm weight(int out, int in) const { return {double(out), in, int(rows / e), format}; }
    double weights(double out) const { return double(e) * h * out; }
};

void experts_forward(TrainLister& l, const Experts& x) {
    const double copy = x.h * activation_bytes(x.format);
    l.bytes("row_map", x.rows * kRowMapBytesPerRow);
    l.bytes("permute", x.copies * copy);
    if (x.cast) l.bytes("turn weights", 2 * x.weights(2 * x.w));
    if (x.cast) l.bytes("scales", x.rows * 8.0 * x.h / 128);
    l.op("moe_up", x.product(2 * x.w, x.h));
    l.bytes("moe_swiglu", x.rows * swiglu_bytes(x.w, x.format));
    if (x.cast) l.bytes("turn weights", 2 * x.weights(x.w));
    if (x.cast) l.bytes("scales", x.rows * 8.0 * x.w / 128);
    l.op("moe_down", x.product(x.h, x.w));
    l.bytes("unpermute", 2.0 * x.h * x.copies);
}

/// SwiGLU forward and backward in one kernel (halves and dY in, product and d(halves) out), and the gradient
/// of each row's weight.
void experts_input(TrainLister& l, const Experts& x) {
    if (x.cast) l.bytes("load halves", x.rows * quantise_bytes(2 * x.w, x.format));
    l.bytes("permute", x.copies * x.h * activation_bytes(x.format));
    if (x.cast) l.bytes("scales", x.rows * 8.0 * x.h / 128);
    l.op("moe_down", x.product(x.w, x.h));
    l.bytes("swiglu backward", x.rows * 12.0 * x.w);
    l.bytes("weights of rows", x.rows * 4.0 * x.w);
    if (x.cast) l.bytes("cast along tokens", x.rows * 3.0 * x.w);
    if (l.s.recompute != Recompute::none) {  // the experts' input comes from the norm's, which is kept
        l.again(true);
        l.bytes("post_norm", l.s.tokens * residual_norm_bytes(x.h));
        if (x.cast) l.bytes("cast", l.s.tokens * quantise_bytes(x.h, x.format));
        l.again(false);
    }
    if (x.cast) l.bytes("cast", x.rows * quantise_bytes(2 * x.w, x.format));
    if (x.cast) l.bytes("scales", x.rows * 8.0 * 2 * x.w / 128);
    l.op("moe_up", x.product(x.h, 2 * x.w));
    l.bytes("unpermute", 2.0 * x.h * x.copies);
    if (x.cast) l.bytes("cast along tokens", x.rows * 3.0 * 2 * x.w);
}

/// Two streams share the experts' products, and a product waits on its own stream while the other's runs: of
/// four of equal length, queued alternately, one stream is seen busy for 1/2 (one by one) to 3/4 (both queued
/// at once) of the whole. The trace shows both, 0.61 over its four layers.
constexpr double kMainStream = 0.61;

void experts_weight(TrainLister& l, const Experts& x) {
    const auto products = [&](const char* name, const Gemm& one) {
        for (int e = 0; e < x.e; ++e) l.op(name, one, Recipe::weight_gradient, kMainStream);
    };
    if (x.cast) l.bytes("cast along tokens", x.rows * 2.0 * x.h);
    products("moe_down", x.weight(x.h, x.w));
    if (x.cast) l.bytes("cast along tokens", x.rows * 2.0 * x.h);
    products("moe_up", x.weight(2 * x.w, x.h));
}

void moe_forward(TrainLister& l) {
    const bool shared = l.s.model.moe->n_shared_experts > 0;
    if (shared) ffn_up_forward(l, shared_ffn(l.s));
    experts_forward(l, Experts(l.s));
    keep_halves(l, l.s.expert_rows, Experts(l.s).w, l.s.precision.moe);
    if (shared) ffn_down_forward(l, shared_ffn(l.s));
}

void moe_backward(TrainLister& l) {
    const bool shared = l.s.model.moe->n_shared_experts > 0;
    l.in(TrainPhase::ffn_input);
    if (l.s.recompute == Recompute::full) {
        l.again(true);
        moe_forward(l);
        l.again(false);
    }
    if (shared) ffn_down_backward(l, shared_ffn(l.s));
    experts_input(l, Experts(l.s));
    if (shared) ffn_up_backward(l, shared_ffn(l.s));
    l.in(TrainPhase::ffn_weight);
    if (shared) l.backward_weight(shared_ffn(l.s).down_of(l.s));
    experts_weight(l, Experts(l.s));
    if (shared) l.backward_weight(shared_ffn(l.s).up_of(l.s));
}

void router(TrainLister& l) {
    const TrainShape& s = l.s;
    const Linear gate{"gate", s.model.hidden_size, s.model.moe->n_routed_experts, s.precision.router,
                      s.tokens};
    l.in(TrainPhase::attention_forward);
    l.forward(gate);
    l.tiny("router", kRouterForward);
    l.bytes("top_k", s.tokens * kTopKBytesPerExpert * s.model.moe->n_routed_experts);
    if (is_quantised(s.precision.moe))
        l.bytes("cast", s.tokens * quantise_bytes(s.model.hidden_size, s.precision.moe));
    l.in(TrainPhase::attention_input);
    l.tiny("router", kRouterBackward);
    l.backward_input(gate);
    l.backward_weight(gate);
}

}  // namespace

void append_train_moe(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    router(l);
    l.in(TrainPhase::ffn_forward);
    moe_forward(l);
    moe_backward(l);
}

void append_train_dense_ffn(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    const Ffn f        = dense_ffn(s);
    const auto forward = [&] {
        ffn_up_forward(l, f);
        ffn_down_forward(l, f);
    };
    l.in(TrainPhase::ffn_forward);
    forward();
    l.in(TrainPhase::ffn_input);
    if (s.recompute == Recompute::full) {
        l.again(true);
        forward();
        l.again(false);
    }
    ffn_down_backward(l, f);
    ffn_up_backward(l, f);
    l.in(TrainPhase::ffn_weight);
    l.backward_weight(f.down_of(s));
    l.backward_weight(f.up_of(s));
}

void append_train_head(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    const int h = s.model.hidden_size, vocabulary = s.model.vocab_size / s.tp;
    const Linear head{"head", h, vocabulary, s.precision.head, s.tokens};
    l.in(TrainPhase::ffn_forward);
    l.bytes("final_norm", s.tokens * residual_norm_bytes(h));
    l.forward(head);
    l.bytes("loss", s.tokens * 8.0 * vocabulary);  // softmax reads the BF16 logits twice and writes FP32
    l.in(TrainPhase::ffn_input);
    l.bytes("loss backward", s.tokens * 6.0 * vocabulary);
    l.backward_input(head);
    l.bytes("final_norm backward", s.tokens * 10.0 * h);
    l.in(TrainPhase::ffn_weight);
    l.backward_weight(head);
}

void append_train_embedding(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    l.in(TrainPhase::attention_forward);
    l.bytes("embedding", s.tokens * 4.0 * s.model.hidden_size);
    l.in(TrainPhase::attention_input);
    l.bytes("embedding backward", s.tokens * 10.0 * s.model.hidden_size);  // FP32 rows read and written
}

void append_train_mtp_in(const TrainShape& s, TrainOps& out) {
    TrainLister l(s, out);
    const int h = s.model.hidden_size;
    const Linear join{"eh_proj", 2 * h, h, s.precision.mtp, s.tokens};
    l.in(TrainPhase::attention_forward);
    l.bytes("mtp_norms", s.tokens * 2 * norm_bytes(h));
    l.forward(join);
    l.in(TrainPhase::attention_input);
    l.backward_input(join);
    l.bytes("mtp_norms backward", s.tokens * 2 * 8.0 * h);
    l.in(TrainPhase::attention_weight);
    l.backward_weight(join);
}

double backward_flop_ratio(const FlashPrefill& core) {
    return (3.0 * core.qk_head_dim + 2.0 * core.v_head_dim) / (core.qk_head_dim + core.v_head_dim);
}

Flops flop_of(const TrainOp& o) {
    const Flops product = o.times * work_of(o.op).flop;
    return o.recipe == Recipe::attention_backward
               ? backward_flop_ratio(std::get<FlashPrefill>(o.op)) * product
               : product;
}

Flops useful_flop_of(const TrainOp& o) {
    if (o.again) return {};
    return o.recipe == Recipe::attention_backward ? 2 * o.times * work_of(o.op).flop : flop_of(o);
}

std::string_view name_of(Recompute recompute) {
    constexpr std::string_view names[] = {"none", "selective", "full"};
    return names[static_cast<std::size_t>(recompute)];
}

std::string_view name_of(TrainPhase phase) {
    constexpr std::string_view names[kTrainPhaseCount] = {
        "attention forward",        "FFN forward",
        "FFN input gradient",       "FFN weight gradient",
        "attention input gradient", "attention weight gradient"};
    return names[static_cast<std::size_t>(phase)];
}

}  // namespace isobath
