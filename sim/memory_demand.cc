#include "sim/memory_demand.h"

#include "model/comm_buffers.h"

namespace isobath {
namespace {

Bytes comm_buffers(const Scenario& s, const Batch& batch) {
    const Layout& l = s.layout;
    if (!s.model.moe || l.attention_dp == 1) return {};
    const int slots = s.model.moe->n_routed_experts + l.redundant;
    if (l.comm == Comm::deepep_low_latency)
        return deepep_low_latency_buffers(batch.moe_tokens, s.model.hidden_size, l.ep, slots);
    if (l.comm == Comm::deepep_normal)
        return deepep_normal_buffers(s.model.hidden_size, l.ep, {.sms = l.comm_sms > 0 ? l.comm_sms : 24},
                                     s.cluster.gpus_per_node);
    return {};
}

}  // namespace

MemoryDemand memory_demand(const Scenario& s, const Batch& batch, const StepInput& input) {
    const double batches = micro_batches(s.layout.overlap);
    const bool decode    = batch.pass == Pass::decode;
    MemoryDemand d;
    d.gpu_memory       = s.cluster.gpu.memory;
    d.requests_per_gpu = input.batch_per_gpu;
    d.context          = input.context;
    d.tokens           = batches * batch.tokens;
    d.expert_rows =
        s.layout.comm == Comm::deepep_low_latency && s.model.moe
            ? batches * low_latency_rows(s.shard(), s.model.moe->n_routed_experts, batch.moe_tokens)
            : batches * batch.expert_rows;
    d.logit_rows    = batches * (decode ? batch.tokens : batch.requests);
    d.form          = decode ? AttentionForm::absorbed : AttentionForm::naive;
    const Engine& e = s.engine;
    d.engine        = {e.cuda_context.value,    e.cuda_graphs.value, e.nccl_buffers.value,
                       e.memory_fraction.value, e.memory_rule,       1};
    d.comm_buffers  = comm_buffers(s, batch);
    return d;
}

}  // namespace isobath
