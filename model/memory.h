/// What must fit on one GPU: weights, cache, activations, buffers; and how many tokens and requests that
/// leaves room for.
#pragma once

#include <cstdint>

#include "hw/units.h"
#include "model/weights.h"

namespace isobath {

/// What an engine's memory fraction is a fraction of.
enum class MemoryRule : std::uint8_t {
    everything,         ///< of the GPU's memory, for all that the engine uses (vLLM's gpu_memory_utilization)
    weights_and_cache,  ///< of what is free once the process runs, for weights and cache (SGLang's
                        ///< mem_fraction_static)
    of_free             ///< of what weights, activations and buffers leave, for the cache (TensorRT-LLM)
};

/// What an engine takes besides the model.
struct EngineMemory {
    Bytes cuda_context, cuda_graphs, nccl_buffers;
    double memory_fraction = 1;
    MemoryRule rule        = MemoryRule::everything;
    int page_tokens        = 1;  ///< the cache is handed out in pages of so many tokens
};

/// What a step asks of one GPU.
struct MemoryDemand {
    Bytes gpu_memory;             ///< as the driver reports it
    double requests_per_gpu = 0;  ///< resident, over all micro-batches; total requests / GPUs
    double context          = 0;  ///< tokens a resident request holds on average
    double reserved         = 0;  ///< tokens to keep free for each; 0: the average
    double tokens           = 0;  ///< in one forward through this GPU's attention, over all micro-batches
    double expert_rows =
        0;  ///< for the expert GEMMs: tokens * top_k / ep received, or the slots of low-latency mode
    double logit_rows  = 0;  ///< tokens whose logits are wanted
    AttentionForm form = AttentionForm::absorbed;
    EngineMemory engine;
    Bytes comm_buffers;  ///< of the expert all-to-all, see comm_buffers.h
};

struct MemoryUse {
    Bytes weights, kv, activations, buffers, capacity;
    Bytes free;  ///< capacity less the four; negative if they do not fit
    double max_total_tokens =
        0;  ///< that the cache has room for under the engine's rule, per group that shares a request
    double max_batch = 0;      ///< requests per GPU at their reserved length
    bool fits        = false;  ///< free is not negative and the resident tokens are within max_total_tokens
};

/// Peak activations are tokens * (residual, its norm, the larger of attention and dense or shared FFN)
/// + expert_rows * (row in, gate, up, product, row out) + logit_rows * vocabulary in BF16 and FP32.
/// An upper estimate: an allocator may reuse attention's share for the experts; fragmentation is not counted.
/// No allocation; a few dozen arithmetic operations.
MemoryUse memory_of(const WeightBytes& weights, const MemoryDemand& demand);

/// Rows that low-latency dispatch keeps per rank: every rank may send `max_tokens` tokens to every local
/// expert (DeepEP README: the received tensor is [local experts, ranks * max tokens, hidden]).
double low_latency_rows(const Shard& shard, int n_routed_experts, double max_tokens);

}  // namespace isobath
