#include "model/memory.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

Bytes activations_of(const WeightBytes& w, const MemoryDemand& d) {
    const Bytes token = d.form == AttentionForm::absorbed ? w.absorbed_token : w.naive_token;
    return d.tokens * token + d.expert_rows * w.expert_row + d.logit_rows * w.logit_row;
}

Bytes buffers_of(const MemoryDemand& d) {
    return d.engine.cuda_context + d.engine.cuda_graphs + d.engine.nccl_buffers + d.comm_buffers;
}

/// What the engine lets the cache have: never more than is physically left.
Bytes cache_room(const MemoryUse& use, const EngineMemory& engine) {
    const Bytes left = use.capacity - use.weights - use.activations - use.buffers;
    const double f   = engine.memory_fraction;
    switch (engine.rule) {
        case MemoryRule::everything: return left - (1 - f) * use.capacity;
        case MemoryRule::weights_and_cache: {
            const Bytes at_start = use.capacity - engine.cuda_context - engine.nccl_buffers;
            return std::min(left, f * at_start - use.weights);
        }
        case MemoryRule::of_free: return f * left;
    }
    return left;
}

double whole_pages(double tokens, int page) {
    return std::max(0., std::floor(tokens / page) * page);
}

}  // namespace

MemoryUse memory_of(const WeightBytes& w, const MemoryDemand& d) {
    const double resident = d.requests_per_gpu * w.gpus_per_request * d.context;
    const double reserved = d.reserved > 0 ? d.reserved : d.context;
    MemoryUse use;
    use.weights          = w.total();
    use.kv               = resident * w.kv_per_token;
    use.activations      = activations_of(w, d);
    use.buffers          = buffers_of(d);
    use.capacity         = d.gpu_memory;
    use.free             = use.capacity - use.weights - use.kv - use.activations - use.buffers;
    use.max_total_tokens = whole_pages(cache_room(use, d.engine) / w.kv_per_token, d.engine.page_tokens);
    use.max_batch        = reserved > 0 ? use.max_total_tokens / reserved / w.gpus_per_request : 0;
    use.fits             = use.free >= Bytes{} && resident <= use.max_total_tokens;
    return use;
}

double low_latency_rows(const Shard& shard, int n_routed_experts, double max_tokens) {
    return shard.experts_per_rank(n_routed_experts) * double(shard.ep) * max_tokens;
}

}  // namespace isobath
