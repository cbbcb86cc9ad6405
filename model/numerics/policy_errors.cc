#include "model/numerics/policy_errors.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath::numerics {
namespace {

/// A product of the layer: where it stands in the policy and how its error reaches the block's output.
struct Part {
    const char *component, *name;
    int k;
    Format PrecisionPolicy::*format;
};

std::vector<Part> products_of(const ModelSpec& m) {
    const AttentionSpec& a = m.attention;
    using P                = PrecisionPolicy;
    std::vector<Part> out{
        {"gemm", "q_a, kv_a", m.hidden_size, &P::gemm},
        {"gemm", "q_b", a.q_lora_rank ? a.q_lora_rank : m.hidden_size, &P::gemm},
        {"absorbed", "W_UK", a.qk_nope_head_dim, &P::absorbed},
        {"absorbed", "W_UV", a.kv_lora_rank, &P::absorbed},
        {"gemm", "o", a.heads * a.v_head_dim, &P::gemm},
        {"gemm", "dense gate, up", m.hidden_size, &P::gemm},
        {"gemm", "dense down", m.intermediate_size, &P::gemm},
        {"shared", "gate, up", m.hidden_size, &P::shared},
        {"shared", "down", m.moe->moe_intermediate_size * std::max(1, m.moe->n_shared_experts), &P::shared},
        {"moe", "gate, up", m.hidden_size, &P::moe},
        {"moe", "down", m.moe->moe_intermediate_size, &P::moe},
        {"router", "gate", m.hidden_size, &P::router},
        {"head", "logits", m.hidden_size, &P::head}};
    if (m.num_nextn_predict_layers > 0) out.push_back({"mtp", "eh_proj", 2 * m.hidden_size, &P::mtp});
    return out;
}

/// Experts take what was dispatched: in their own format it is quantised once.
bool quantised_once(const PrecisionPolicy& p) {
    return p.dispatch == p.moe;
}

double square(double x) {
    return x * x;
}

/// Two products whose results are multiplied by each other, then one: gate, up and down.
double feed_forward(double gate_up, double down) {
    return 2 * square(gate_up) + square(down);
}

void check_columns(const Tensor& t, std::size_t columns, const char* name, const char* what) {
    if (t.rows > 0 && t.columns != columns)
        throw SpecError(
            fmt::format("--tensor {}: {} columns; expected {} ({})", name, t.columns, columns, what));
}

}  // namespace

ErrorTable::ErrorTable(const ModelSpec& model, Sample sample) : model_(model), sample_(std::move(sample)) {
    if (model.attention.kind != AttentionKind::mla || !model.moe)
        throw SpecError(model.name + ": numerics are computed for models with MLA and routed experts");
    const AttentionSpec& a             = model.attention;
    sample_.attention.kv_lora_rank     = a.kv_lora_rank;
    sample_.attention.qk_rope_head_dim = a.qk_rope_head_dim;
    sample_.attention.qk_head_dim      = a.qk_head_dim;
    check_columns(sample_.cache, std::size_t(a.kv_lora_rank + a.qk_rope_head_dim), "cache",
                  "kv_lora_rank + qk_rope_head_dim");
    if (sample_.activations.rows && sample_.weights.rows)
        check_columns(sample_.weights, sample_.activations.columns, "weights", "as activations");
    if (sample_.cache.rows > 0 && sample_.cache.rows < std::size_t(sample_.attention.contexts.front()))
        throw SpecError(fmt::format("--tensor cache: {} rows; needs {} tokens or more", sample_.cache.rows,
                                    sample_.attention.contexts.front()));
}

const ProductError& ErrorTable::product(int k, Format format) {
    const auto key = std::pair(k, format);
    if (const auto known = products_.find(key); known != products_.end()) return known->second;
    Noise noise(sample_.seed + std::uint64_t(k));
    const auto fits       = [&](const Tensor& t) { return t.rows > 0 && t.columns == std::size_t(k); };
    const Tensor x        = fits(sample_.activations)
                                ? sample_.activations
                                : synthetic_activations(std::size_t(sample_.tokens), std::size_t(k), noise);
    const Tensor w        = fits(sample_.weights)
                                ? sample_.weights
                                : synthetic_weights(std::size_t(sample_.outputs), std::size_t(k), noise);
    return products_[key] = product_error(x, w, format, format);
}

const ProductError& ErrorTable::transfer(Format format) {
    if (const auto known = transfers_.find(format); known != transfers_.end()) return known->second;
    Noise noise(sample_.seed);
    const auto width = std::size_t(model_.hidden_size);
    const Tensor x   = sample_.activations.columns == width
                           ? sample_.activations
                           : synthetic_activations(std::size_t(sample_.tokens), width, noise);
    Tensor q         = x;
    ProductError out;
    out.activations           = quantise(q, format, Role::activation);
    out.error                 = relative_error(x, q);
    return transfers_[format] = out;
}

void ErrorTable::prepare_attention(const std::vector<AttentionFormat>& formats) {
    std::vector<AttentionFormat> missing;
    for (const AttentionFormat& f : formats) {
        const bool known = std::any_of(attentions_.begin(), attentions_.end(),
                                       [&](const auto& pair) { return pair.first == f; });
        if (!known && std::find(missing.begin(), missing.end(), f) == missing.end()) missing.push_back(f);
    }
    if (missing.empty()) return;
    Noise noise(sample_.seed);
    auto errors = attention_errors(sample_.attention, missing, noise, sample_.cache);
    for (std::size_t i = 0; i < missing.size(); ++i)
        attentions_.emplace_back(missing[i], std::move(errors[i]));
}

const std::vector<AttentionError>& ErrorTable::attention(const AttentionFormat& format) {
    prepare_attention({format});
    return std::find_if(attentions_.begin(), attentions_.end(),
                        [&](const auto& pair) { return pair.first == format; })
        ->second;
}

std::vector<PartError> ErrorTable::parts(const PrecisionPolicy& policy) {
    std::vector<PartError> out;
    for (const Part& part : products_of(model_)) {
        const Format format    = policy.*part.format;
        const ProductError& e  = product(part.k, format);
        QuantisationCount both = e.activations;
        both += e.weights;
        out.push_back({part.component, part.name, part.k, format, e.error, both.saturated_share(),
                       both.flushed_share()});
    }
    for (const auto& [component, format] :
         {std::pair("dispatch", policy.dispatch), std::pair("combine", policy.combine)}) {
        const ProductError& e = transfer(format);
        out.push_back({component, "hidden state", model_.hidden_size, format, e.error,
                       e.activations.saturated_share(), e.activations.flushed_share()});
    }
    return out;
}

BlockVariances ErrorTable::blocks(const PrecisionPolicy& p) {
    const AttentionSpec& a                  = model_.attention;
    const int h                             = model_.hidden_size;
    const auto rms                          = [&](int k, Format f) { return product(k, f).error.rms; };
    const std::vector<AttentionError>& core = attention({p.kv_cache, p.attention});
    double kept                             = core.front().error.rms;
    for (const AttentionError& at : core)
        if (at.context <= sample_.stack_context) kept = at.error.rms;
    BlockVariances out;
    // Queries, keys and values come out of products of their own; each error reaches the output undiminished.
    out.attention = 2 * square(rms(h, p.gemm)) + square(rms(a.q_lora_rank ? a.q_lora_rank : h, p.gemm)) +
                    square(rms(a.qk_nope_head_dim, p.absorbed)) + square(rms(a.kv_lora_rank, p.absorbed)) +
                    square(kept) + square(rms(a.heads * a.v_head_dim, p.gemm));
    out.dense       = feed_forward(rms(h, p.gemm), rms(model_.intermediate_size, p.gemm));
    const int width = model_.moe->moe_intermediate_size;
    double routed   = feed_forward(rms(h, p.moe), rms(width, p.moe)) + square(transfer(p.combine).error.rms);
    if (!quantised_once(p)) routed += square(transfer(p.dispatch).error.rms);
    const int shared_width = width * std::max(1, model_.moe->n_shared_experts);
    const double shared    = feed_forward(rms(h, p.shared), rms(shared_width, p.shared));
    // Routed and shared experts are taken to add equal amounts.
    out.experts = model_.moe->n_shared_experts > 0 ? (routed + shared) / 2 : routed;
    out.head    = square(rms(h, p.head));
    // An MTP module: its projection, and a block of attention and one of experts with its GEMMs in p.mtp.
    PrecisionPolicy inside = p;
    inside.gemm = inside.moe = inside.shared = p.mtp;
    if (p.mtp != p.gemm || p.mtp != p.moe || p.mtp != p.shared) {
        const BlockVariances module = blocks(inside);
        out.mtp                     = module.mtp;
    } else {
        out.mtp = square(rms(2 * h, p.mtp)) + (out.attention + out.experts) / 2;
    }
    return out;
}

StackNoise ErrorTable::hidden(const PrecisionPolicy& policy) {
    const BlockVariances b = blocks(policy);
    std::vector<double> variances;
    for (int layer = 0; layer < model_.num_hidden_layers; ++layer) {
        variances.push_back(b.attention);
        variances.push_back(layer < model_.dense_layers() ? b.dense : b.experts);
    }
    return through_stack(variances);
}

RouterError ErrorTable::router(Format format) {
    if (const auto known = routers_.find(format); known != routers_.end()) return known->second;
    Noise noise(sample_.seed + 7);
    const auto width        = std::size_t(model_.hidden_size);
    const Tensor x          = sample_.activations.columns == width
                                  ? sample_.activations
                                  : synthetic_activations(std::size_t(sample_.router.tokens), width, noise);
    const Tensor w          = synthetic_weights(std::size_t(model_.moe->n_routed_experts), width, noise);
    return routers_[format] = router_error(*model_.moe, x, w, format, sample_.router, sample_.seed);
}

}  // namespace isobath::numerics
