/// Exact counts of a model: parameters, bytes of cache, FLOP. No time, no hardware.
#pragma once

#include <cstdint>

#include "hw/units.h"
#include "model/arch.h"
#include "model/op.h"

namespace isobath {

using Count = std::int64_t;

/// One layer's attention. MLA fills q (or q_a and q_b), kv_a, kv_b and o; the others q, k, v and o.
struct AttentionParameters {
    Count q = 0, q_a = 0, q_b = 0, kv_a = 0, kv_b = 0, k = 0, v = 0, o = 0;
    Count indexer_q = 0, indexer_k = 0, indexer_weights = 0;
    Count norms = 0, biases = 0;

    Count indexer() const { return indexer_q + indexer_k + indexer_weights; }
    Count projections() const { return q + q_a + q_b + kv_a + kv_b + k + v + o; }
    Count matrices() const { return projections() + indexer(); }
    Count all() const { return matrices() + norms + biases; }
};

/// One layer's FFN: the dense one or the experts.
struct FfnParameters {
    Count dense  = 0;  ///< a dense layer's FFN
    Count expert = 0;  ///< one routed expert
    Count shared = 0;  ///< all shared experts of a layer
    Count router = 0, router_bias = 0;
};

/// What one MTP module adds; it shares embedding and head with the model.
struct MtpParameters {
    Count eh_proj         = 0;  ///< joins the embedding and the hidden state: [2 hidden, hidden]
    Count norms           = 0;  ///< before eh_proj twice, before the head once
    Count block           = 0;  ///< matrices of its layer, every routed expert included
    Count block_activated = 0;
    Count block_vectors   = 0;  ///< its norms and biases

    Count matrices() const { return eh_proj + block; }
    Count activated() const { return eh_proj + block_activated; }
    Count all() const { return matrices() + norms + block_vectors; }
};

/// Where a model's parameters are. Per-layer values are of one layer.
struct ModelParameters {
    Count embedding = 0, head = 0;  ///< head is 0 if it is the embedding's own matrix
    Count head_matrix = 0;          ///< multiplied for a token either way
    AttentionParameters attention;
    FfnParameters ffn;
    Count layer_norms = 0;  ///< the two of one layer
    Count final_norm  = 0;
    int dense_layers = 0, moe_layers = 0, experts = 0, experts_per_token = 0;
    MtpParameters mtp;  ///< of one module; zeros if the model ships none

    int layers() const { return dense_layers + moe_layers; }
    /// Without norms and biases, without MTP: what reports quote ("671B").
    Count matrices() const;
    /// Every stored element, without MTP.
    Count all() const;
    /// Matrices that one token meets, embedding and head included. V3's "36.7B" counts only one of the two.
    Count activated() const;
};

ModelParameters parameters_of(const ModelSpec& model);

/// Bytes that one token leaves in one layer's cache on an unsharded model; V3.2's index key included.
///
/// Grouped attention stores K and V per kv head in 1 B (fp8) or 2 B; it has no FlashMLA layout and takes it
/// as fp8.
double kv_bytes_per_token_layer(const ModelSpec& model, KvLayout cache);
/// V3.2's index key: one FP8 value per channel and an FP32 scale per 128 of them (DeepSeek-V3.2-Exp,
/// Indexer).
double index_bytes_per_token_layer(const ModelSpec& model);
/// Over all layers and the `mtp_modules` in use.
Bytes kv_bytes_per_token(const ModelSpec& model, KvLayout cache, int mtp_modules = 0);
/// The same if MLA cached K and V of every head instead of the latent: why the latent exists.
Bytes expanded_kv_bytes_per_token(const ModelSpec& model, Format cache);

/// MLA's two forms: keys and values expanded per head, or W_UK and W_UV folded into q and o.
enum class AttentionForm : std::uint8_t { naive, absorbed };

/// Attention core, per query-key pair of one layer, over all heads: scores and weighted values.
Flops attention_flop_per_pair(const ModelSpec& model, AttentionForm form);
Flops indexer_flop_per_pair(const ModelSpec& model);

/// One forward pass of one token, over all layers. MTP is not included.
struct TokenFlops {
    Flops linear;  ///< attention projections; absorbing W_UK and W_UV does not change it
    Flops ffn;     ///< dense, routed and shared experts
    Flops router;
    Flops head;
    Flops attention;  ///< core
    Flops indexer;    ///< projections and scores

    Flops total() const { return linear + ffn + router + head + attention + indexer; }
};

/// A token decoded over `context` cached tokens; an indexer lets attention see at most its top_k of them.
TokenFlops decode_flops(const ModelSpec& model, double context, AttentionForm form = AttentionForm::absorbed);

/// FLOP to train on one token: forward once, backward twice that (for inputs and for weights).
struct TrainingFlops {
    Flops linear, attention;
    Flops total() const { return linear + attention; }
};

/// Causal attention over sequences of `sequence` tokens: a token meets (sequence + 1) / 2 keys on average.
///
/// Counts every matrix a token meets but the embedding (a look-up), plus the `mtp_modules` trained,
/// each with its own pass through the head. An indexer scores every pair and lets attention see top_k.
/// Recomputation is not counted: model FLOP, as MFU has it.
TrainingFlops training_flops(const ModelSpec& model, double sequence, int mtp_modules = 0);

}  // namespace isobath
