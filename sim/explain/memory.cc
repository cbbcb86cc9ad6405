// What fills one GPU's memory, item by item.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/explain/memory_items.h"

namespace isobath {
namespace {

Known precision(const char* name, Format format) {
    return named(name, std::string(name_of(format)), std::string("precision.") + name);
}

}  // namespace

void explain_weights(const Study& study, Explanation& e) {
    const Scenario& s        = study.scenario();
    const WeightBytes& w     = study.model.weights();
    const ModelParameters p  = parameters_of(s.model);
    const PrecisionPolicy& f = s.precision;
    const std::string model  = model_from(study);
    e.title                  = "weights on the GPU that holds the most";
    e.equation               = {
                      "bytes = sum over tensors of parameters on this rank * bytes per element, scales included",
                      "attention tp cuts heads, dense FFN, shared experts, embedding and head; experts / ep go to a rank."};
    e.inputs = {
        known("layers", p.layers() / s.layout.pp, "", "model num_hidden_layers / pp"),
        known("attention", double(p.attention.matrices()), "parameters", model),
        known("dense FFN", double(p.ffn.dense), "parameters", model),
        known("one expert", double(p.ffn.expert), "parameters", model),
        known("experts here", s.model.moe ? s.shard().experts_per_rank(s.model.moe->n_routed_experts) : 0, "",
              "(routed + redundant) / ep"),
        known("attention tp", s.layout.attention_tp, "", field("/layout/attention/tp")),
        known("expert tp", s.layout.expert_tp, "", field("/layout/experts/tp")),
        precision("gemm", f.gemm),
        precision("moe", f.moe),
        precision("shared", f.shared),
        precision("embedding", f.embedding),
        precision("head", f.head)};
    const std::pair<const char*, Bytes> items[] = {
        {"attention", w.attention},   {"dense FFN", w.dense}, {"routed experts", w.routed},
        {"shared experts", w.shared}, {"router", w.router},   {"norms", w.norms},
        {"embedding", w.embedding},   {"head", w.head},       {"MTP module", w.mtp}};
    Bytes sum;
    for (const auto& [name, bytes] : items) {
        if (bytes > Bytes{}) e.steps.push_back(known(name, bytes, "all its layers on this GPU"));
        sum += bytes;
    }
    e.steps.push_back(known("weights", sum, "their sum"));
    e.result = known("weights", study.result.memory.weights, "");
}

void explain_cache(const Study& study, Explanation& e) {
    const WeightBytes& w = study.model.weights();
    const MemoryDemand d = demand_of(study);
    e.title              = "cache of the resident requests";
    e.equation = {"bytes = requests per GPU * GPUs that share a request * context * bytes per token"};
    e.inputs   = {
          known("requests per GPU", d.requests_per_gpu, "", field("/workload/batch_per_gpu")),
          known("context", d.context, "tokens",
              study.batch().pass == Pass::decode ? field("/workload/context") : field("/workload/isl")),
          known("GPUs of a request", w.gpus_per_request, "", "attention tp * cp * pp")};
    add_cache(study, e);
    const double resident = d.requests_per_gpu * w.gpus_per_request * d.context;
    e.steps.push_back(known("resident", resident, "tokens", "requests * GPUs of a request * context"));
    e.steps.push_back(known("cache", resident * w.kv_per_token, "resident * per token"));
    e.result = known("cache", study.result.memory.kv, "");
}

void explain_activations(const Study& study, Explanation& e) {
    const WeightBytes& w = study.model.weights();
    const MemoryDemand d = demand_of(study);
    const bool absorbed  = d.form == AttentionForm::absorbed;
    const Bytes token    = absorbed ? w.absorbed_token : w.naive_token;
    e.title              = "the most that one forward keeps between its kernels";
    e.equation           = {"bytes = tokens * per token + expert rows * per row + logit rows * per logit row",
                            "An upper estimate: an allocator may reuse attention's share for the experts."};
    e.inputs             = {
                    known("tokens", d.tokens, "", "of one forward, all micro-batches"),
                    known("per token", token,
              absorbed ? "residual, norm, attention (absorbed)" : "residual, norm, attention (naive)"),
                    known("expert rows", d.expert_rows, "",
              study.scenario().layout.comm == Comm::deepep_low_latency ? "slots of low-latency dispatch"
                                                                                   : "received from all ranks, mean"),
                    known("per row", w.expert_row, "row in, gate, up, product, row out"),
                    known("logit rows", d.logit_rows, "", "tokens whose logits are wanted"),
                    known("per logit row", w.logit_row, "vocabulary in BF16 and in FP32")};
    e.steps = {
        known("attention and FFN", d.tokens * token, "tokens * per token"),
        known("experts", d.expert_rows * w.expert_row, "expert rows * per row"),
        known("logits", d.logit_rows * w.logit_row, "logit rows * per logit row"),
        known("activations", d.tokens * token + d.expert_rows * w.expert_row + d.logit_rows * w.logit_row,
              "their sum")};
    e.result = known("activations", study.result.memory.activations, "");
}

void explain_buffers(const Study& study, Explanation& e) {
    const Engine& engine = study.scenario().engine;
    const MemoryDemand d = demand_of(study);
    const std::string by = "engine " + engine.name;
    e.title              = "what the process, its graphs and its communicators take";
    e.equation           = {"bytes = CUDA context + CUDA graphs + NCCL buffers + expert all-to-all buffers"};
    e.inputs             = {figure("CUDA context", engine.cuda_context, by),
                            figure("CUDA graphs", engine.cuda_graphs, by),
                            figure("NCCL buffers", engine.nccl_buffers, by),
                            known("all-to-all buffers", d.comm_buffers,
                                  "DeepEP's own sizing rules (csrc/config.hpp); none for other libraries")};
    const Bytes sum = d.engine.cuda_context + d.engine.cuda_graphs + d.engine.nccl_buffers + d.comm_buffers;
    e.steps.push_back(known("buffers", sum, "their sum"));
    const Bytes low =
        engine.cuda_context.low + engine.cuda_graphs.low + engine.nccl_buffers.low + d.comm_buffers;
    const Bytes high =
        engine.cuda_context.high + engine.cuda_graphs.high + engine.nccl_buffers.high + d.comm_buffers;
    e.result = between(known("buffers", study.result.memory.buffers, ""), low.base(), high.base());
}

}  // namespace isobath
