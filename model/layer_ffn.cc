// What follows attention: gate, shared and routed experts, dense FFN; and the ends of the model.
#include "model/layer.h"
#include "model/streaming.h"

namespace isobath {
namespace {

/// Group-limited top-8 of 256 takes 0.12 ms for 4,096 tokens in DeepSeek's training trace; at the streaming
/// rate fitted to the same trace (2.5 TB/s) that is 73 kB per token of 256 experts.
constexpr double kTopKBytesPerExpert = 0.12e-3 * 2.5e12 / 4096 / 256;
/// Row mapping for contiguous experts: 0.1 ms per 8,192 tokens of top-8 (same trace, same rate).
constexpr double kRowMapBytesPerRow = 0.1e-3 * 2.5e12 / 8192 / 8;

/// up, SwiGLU with quantise, down: the shape of every FFN.
struct Ffn {
    const char *quantise, *up, *act, *down;  ///< quantise: none where the rows come quantised
    Stage stage;
    int width;  ///< on this rank
    Format format;
};

void append_ffn(const LayerContext& c, const Ffn& f, double tokens, OpList& out) {
    const int h = c.model.hidden_size;
    if (is_quantised(f.format) && f.quantise)
        out.push_back({f.quantise, f.stage, Part::other, streaming(tokens, quantise_bytes(h, f.format))});
    out.push_back({f.up, f.stage, Part::dense_gemm, Gemm{tokens, 2 * f.width, h, f.format}});
    out.push_back({f.act, f.stage, Part::other, streaming(tokens, swiglu_bytes(f.width, f.format))});
    out.push_back({f.down, f.stage, Part::dense_gemm, Gemm{tokens, h, f.width, f.format}});
}

GroupedGemm grouped(const LayerContext& c, int n, int k) {
    const bool masked = c.batch.pass == Pass::decode;
    return {c.batch.expert_rows,
            c.batch.local_experts,
            c.batch.expert_row_variance,
            n,
            k,
            c.precision.moe,
            masked ? GroupedLayout::masked : GroupedLayout::contiguous};
}

/// Every rank waits for the one with the most rows, so that one is timed.
void append_fused(const LayerContext& c, int width, OpList& out) {
    out.push_back({"fused_moe", Stage::experts, Part::expert_gemm,
                   FusedMoe{c.batch.group_tokens, c.batch.hottest_rows, c.batch.active_experts,
                            c.batch.local_experts, c.model.hidden_size, width, c.precision.moe}});
}

/// A low-latency dispatch quantises while it sends; every other way needs the row quantised before.
bool dispatch_quantises(const LayerContext& c) {
    return c.exchange && c.batch.pass == Pass::decode;
}

}  // namespace

void append_gate(const LayerContext& c, OpList& out) {
    const MoeSpec& moe = *c.model.moe;
    const double m     = c.batch.moe_tokens;
    out.push_back({"gate", Stage::gate, Part::dense_gemm,
                   Gemm{m, moe.n_routed_experts, c.model.hidden_size, c.precision.router}});
    if (c.fused_experts) return;  // the rest is in it
    out.push_back(
        {"top_k", Stage::gate, Part::other, streaming(m, kTopKBytesPerExpert * moe.n_routed_experts)});
    if (is_quantised(c.precision.moe) && !dispatch_quantises(c))
        out.push_back({"dispatch_quantise", Stage::gate, Part::other,
                       streaming(m, quantise_bytes(c.model.hidden_size, c.precision.moe))});
}

void append_shared(const LayerContext& c, OpList& out) {
    const MoeSpec& moe = *c.model.moe;
    if (moe.n_shared_experts == 0 || c.shard.shared == SharedExperts::dedicated) return;
    const int width      = moe.n_shared_experts * moe.moe_intermediate_size / c.shard.attention_tp;
    const char* quantise = dispatch_quantises(c) ? "shared_quantise" : nullptr;
    append_ffn(
        c, {quantise, "shared_up", "shared_swiglu", "shared_down", Stage::shared, width, c.precision.shared},
        c.batch.tokens, out);
}

void append_experts(const LayerContext& c, OpList& out) {
    const MoeSpec& moe = *c.model.moe;
    if (c.fused_experts) {
        append_fused(c, moe.moe_intermediate_size / c.shard.expert_tp, out);
        return;
    }
    const double h = c.model.hidden_size, rows = c.batch.expert_rows;
    const int width       = moe.moe_intermediate_size / c.shard.expert_tp;
    const Format f        = c.precision.moe;
    const bool contiguous = c.batch.pass == Pass::prefill;
    const double copy     = h * activation_bytes(f);
    if (contiguous) {
        out.push_back({"row_map", Stage::experts, Part::other, streaming(rows, kRowMapBytesPerRow)});
        out.push_back({"permute", Stage::experts, Part::other,
                       Streaming{(rows + c.batch.received_tokens) * copy * unit::B}});
    }
    out.push_back({"moe_up", Stage::experts, Part::expert_gemm, grouped(c, 2 * width, c.model.hidden_size)});
    out.push_back({"moe_swiglu", Stage::experts, Part::other, streaming(rows, swiglu_bytes(width, f))});
    out.push_back({"moe_down", Stage::experts, Part::expert_gemm, grouped(c, c.model.hidden_size, width)});
    if (contiguous || !c.exchange)
        out.push_back({"unpermute", Stage::experts, Part::other,
                       Streaming{2 * h * (rows + c.batch.received_tokens) * unit::B}});
}

void append_dense_ffn(const LayerContext& c, OpList& out) {
    append_ffn(c,
               {"ffn_quantise", "ffn_up", "ffn_swiglu", "ffn_down", Stage::dense_ffn,
                c.model.intermediate_size / c.shard.attention_tp, c.precision.gemm},
               c.batch.tokens, out);
}

void append_embedding(const LayerContext& c, OpList& out) {
    out.push_back(
        {"embedding", Stage::embed, Part::other, streaming(c.batch.tokens, 4.0 * c.model.hidden_size)});
}

void append_head(const LayerContext& c, double rows, OpList& out) {
    const int vocabulary = c.model.vocab_size / c.shard.attention_tp;
    out.push_back(
        {"final_norm", Stage::head, Part::other, streaming(rows, residual_norm_bytes(c.model.hidden_size))});
    out.push_back({"head", Stage::head, Part::dense_gemm,
                   Gemm{rows, vocabulary, c.model.hidden_size, c.precision.head}});
    // Softmax and sampling read the logits twice in FP32.
    out.push_back({"sampling", Stage::head, Part::other, streaming(rows, 8.0 * vocabulary)});
}

void append_mtp_in(const LayerContext& c, OpList& out) {
    const int h = c.model.hidden_size;
    out.push_back({"mtp_norms", Stage::mtp_in, Part::other, streaming(c.batch.tokens, 2 * norm_bytes(h))});
    out.push_back(
        {"eh_proj", Stage::mtp_in, Part::dense_gemm, Gemm{c.batch.tokens, h, 2 * h, c.precision.mtp}});
}

std::string_view name_of(Stage stage) {
    constexpr std::string_view names[kStageCount] = {
        "embed", "attention_in", "attention_out", "gate", "shared", "experts", "dense_ffn", "mtp_in", "head"};
    return names[static_cast<std::size_t>(stage)];
}

}  // namespace isobath
