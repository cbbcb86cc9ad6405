#include "model/op_point.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "model/streaming.h"

namespace isobath {
namespace {

using Point = std::optional<KernelPoint>;

std::int64_t whole(double count) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(count - 1e-9)));
}

/// The point, where its kind is measured in this format.
Point in_format(KernelPoint point) {
    const auto formats = formats_of(point.kind);
    return std::find(formats.begin(), formats.end(), point.format) == formats.end() ? Point{} : point;
}

/// Kernel points write words as the libraries' own tables do: fp8_block.
std::string text(Format format) {
    if (format == Format::fp8_tensor) return "fp8_tensor";
    std::string out(name_of(format));
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

std::string text(KvLayout layout) {
    return layout == KvLayout::bf16 ? "bf16" : layout == KvLayout::fp8 ? "fp8" : "fp8_flashmla";
}

Point shape_of(const Gemm& g) {
    return in_format({KernelKind::gemm, text(g.format), {whole(g.m), g.n, g.k}});
}

Point shape_of(const BatchedGemm& g) {
    return in_format({KernelKind::batched_gemm, text(g.format), {g.batch, whole(g.m), g.n, g.k}});
}

Point shape_of(const GroupedGemm& g) {
    const double mean   = g.rows / g.experts;
    const double spread = mean > 0 ? std::sqrt(3 * g.row_variance) / mean : 0;
    return in_format({KernelKind::grouped_gemm,
                      text(g.format),
                      {g.experts, whole(mean), std::lround(100 * std::min(1.0, spread)), g.n, g.k,
                       g.layout == GroupedLayout::contiguous}});
}

Point shape_of(const MlaDecode& a) {
    if (a.kv_lora_rank != 512 || a.qk_rope_head_dim != 64) return {};
    return in_format(
        {KernelKind::mla_decode, text(a.cache), {whole(a.batch), a.s_q, whole(a.context), a.heads}});
}

Point shape_of(const FlashPrefill& a) {
    if (a.qk_head_dim != 192 || a.v_head_dim != 128 || a.kv_heads != a.heads) return {};
    return in_format({KernelKind::mla_prefill,
                      text(a.format),
                      {whole(a.sequences), whole(a.q_len), whole(a.kv_len), a.heads}});
}

template <class Other>
Point shape_of(const Other&) {
    return {};
}

/// What the shapes of small kernels follow from.
struct Around {
    const LayerOp& op;
    const Batch& batch;
    const ModelSpec& model;

    std::int64_t tokens() const { return whole(batch.tokens); }
    std::int64_t hidden() const { return model.hidden_size; }
    double bytes() const { return std::get<Streaming>(op.op).bytes.in(unit::B); }
    /// Columns of a kernel that moves `bytes_per_element` for each of its rows and columns.
    std::int64_t columns(double rows, double bytes_per_element) const {
        return std::lround(bytes() / rows / bytes_per_element);
    }
};

Point norm(const Around& a, std::int64_t columns) {
    return KernelPoint{KernelKind::rms_norm, "bf16", {a.tokens(), columns}};
}

Point quantise(const Around& a, double rows) {
    if (rows <= 0) return {};
    const double per_element = quantise_bytes(1, Format::fp8_block);
    return KernelPoint{KernelKind::quantise, "fp8_block", {whole(rows), a.columns(rows, per_element)}};
}

Point swiglu(const Around& a, double rows) {
    if (rows <= 0) return {};
    const double per_element = swiglu_bytes(1, Format::fp8_block);
    return KernelPoint{KernelKind::swiglu, "fp8_block", {whole(rows), a.columns(rows, per_element)}};
}

Point rope(const Around& a) {
    const int rotary = a.model.attention.qk_rope_head_dim;
    if (rotary != 64) return {};
    return KernelPoint{KernelKind::rope, "bf16", {a.tokens(), a.columns(a.batch.tokens, 5.0 * rotary)}};
}

Point top_k(const Around& a) {
    const MoeSpec& moe = *a.model.moe;
    return KernelPoint{KernelKind::gate,
                       "bf16",
                       {whole(a.batch.moe_tokens), moe.n_routed_experts, moe.n_group, moe.topk_group,
                        moe.num_experts_per_tok}};
}

Point moved(const Around& a, KernelKind kind, const char* format) {
    return KernelPoint{kind,
                       format,
                       {whole(a.batch.received_tokens), a.hidden(), a.batch.local_experts,
                        whole(a.batch.expert_rows / std::max(1.0, a.batch.received_tokens))}};
}

/// Small kernels by their names in layer_*.cc; those that quantise write FP8 with 1x128 scales.
Point small_kernel(const Around& a) {
    using Make = Point (*)(const Around&);
    static const std::map<std::string_view, Make> known{
        {"input_norm", [](const Around& x) { return norm(x, x.hidden()); }},
        {"post_norm", [](const Around& x) { return norm(x, x.hidden()); }},
        {"final_norm", [](const Around& x) { return norm(x, x.hidden()); }},
        {"q_a_norm", [](const Around& x) { return norm(x, x.model.attention.q_lora_rank); }},
        {"kv_norm", [](const Around& x) { return norm(x, x.model.attention.kv_lora_rank); }},
        {"rope", rope},
        {"o_quantise", [](const Around& x) { return quantise(x, x.batch.tokens); }},
        {"ffn_quantise", [](const Around& x) { return quantise(x, x.batch.tokens); }},
        {"shared_quantise", [](const Around& x) { return quantise(x, x.batch.tokens); }},
        {"dispatch_quantise", [](const Around& x) { return quantise(x, x.batch.moe_tokens); }},
        {"ffn_swiglu", [](const Around& x) { return swiglu(x, x.batch.tokens); }},
        {"shared_swiglu", [](const Around& x) { return swiglu(x, x.batch.tokens); }},
        {"moe_swiglu", [](const Around& x) { return swiglu(x, x.batch.expert_rows); }},
        {"top_k", top_k},
        {"permute", [](const Around& x) { return moved(x, KernelKind::permute, "fp8_block"); }},
        {"unpermute", [](const Around& x) { return moved(x, KernelKind::unpermute, "bf16"); }},
    };
    const auto at = known.find(a.op.name);
    return at == known.end() ? Point{} : at->second(a);
}

}  // namespace

std::optional<KernelPoint> point_of(const LayerOp& op, const Batch& batch, const ModelSpec& model) {
    if (std::holds_alternative<Streaming>(op.op)) return small_kernel({op, batch, model});
    return std::visit([](const auto& shape) { return shape_of(shape); }, op.op);
}

}  // namespace isobath
