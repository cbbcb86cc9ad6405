/// Bytes of weights and of cache per token on the GPU that holds the most, and the shapes of its activations.
#pragma once

#include "hw/units.h"
#include "model/counts.h"
#include "model/precision.h"
#include "model/shard.h"

namespace isobath {

/// Everything memory_of() needs of a model, a policy and a shard, worked out once.
struct WeightBytes {
    Bytes attention;  ///< projections and indexer; W_UK and W_UV once in `gemm`, once in `absorbed`
    Bytes dense;      ///< dense FFN layers
    Bytes routed;     ///< physical experts of this rank
    Bytes shared;
    Bytes router;  ///< its bias in FP32
    Bytes norms;   ///< and biases
    Bytes embedding, head;
    Bytes mtp;  ///< modules in use, without what they share

    Bytes kv_per_token;           ///< of one request's token, on this GPU
    double gpus_per_request = 1;  ///< that hold a part of its cache: attention_tp * attention_cp * pp

    Bytes naive_token, absorbed_token;  ///< activations per token of a forward, by form of attention
    Bytes expert_row;                   ///< activations per row of the expert GEMMs
    Bytes logit_row;                    ///< per token whose logits are wanted

    Bytes total() const {
        return attention + dense + routed + shared + router + norms + embedding + head + mtp;
    }
};

/// Of the pipeline stage with the most weights.
///
/// Cut over attention_tp: heads (q, q_b, kv_b, o; k and v down to one head), dense FFN and shared
/// experts (the same tokens meet them), embedding and head.
/// Whole on every rank: MLA's q_a and kv_a, the indexer, router, norms, eh_proj; all attention under data
/// parallelism. Cut over expert_tp: routed experts. Shared experts lie on every rank, or on ranks
/// of their own. Both copies of kv_b are kept: engines expand keys in prefill and absorb in decode (SGLang's
/// DeepSeek-V2 code). Layers go evenly to the stages, the first ones taking one more; the first holds the
/// embedding, the last head and MTP (and a second embedding). Source of the split: Megatron-style tensor
/// parallelism as in SGLang and vLLM; design of the V3 report, section 3.4.
WeightBytes weights_of(const ModelSpec& model, const PrecisionPolicy& policy, const Shard& shard,
                       int mtp_modules = 0);

}  // namespace isobath
