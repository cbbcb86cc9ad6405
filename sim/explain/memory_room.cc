// What the cache may have, what stays free, and the list of memory items.
#include <algorithm>
#include <cmath>

#include "sim/explain/memory_items.h"

namespace isobath {

MemoryDemand demand_of(const Study& study) {
    return memory_demand(study.scenario(), study.batch(), study.result.input);
}

std::string model_from(const Study& study) {
    const ModelSpec& m = study.scenario().model;
    return "model " + m.name + (m.source.empty() ? "" : ": " + m.source);
}

void add_cache(const Study& study, Explanation& e) {
    const Scenario& s    = study.scenario();
    const WeightBytes& w = study.model.weights();
    e.inputs.push_back(
        named("cache format", std::string(name_of(s.precision.kv_cache)), "precision.kv_cache"));
    e.inputs.push_back(known("per token and layer",
                             kv_bytes_per_token_layer(s.model, s.precision.kv_cache) * unit::B,
                             model_from(study)));
    e.inputs.push_back(known("layers", s.model.num_hidden_layers, "", "model num_hidden_layers"));
    e.inputs.push_back(
        known("MTP modules", s.speculation.drafts() > 0 ? 1 : 0, "", field("/speculation/method")));
    e.steps.push_back(known("per token", w.kv_per_token, "layers and MTP modules in use, on this GPU"));
}

namespace {

void add_items(const Study& study, Explanation& e) {
    const MemoryUse& m = study.result.memory;
    e.inputs.push_back(known("capacity", m.capacity, gpu_source(study.scenario(), "memory")));
    e.inputs.push_back(known("weights", m.weights, "explain memory.weights"));
    e.inputs.push_back(known("activations", m.activations, "explain memory.activations"));
    e.inputs.push_back(known("buffers", m.buffers, "explain memory.buffers"));
}

/// The engine's rule for what the cache may have.
Bytes add_room(const Study& study, Explanation& e) {
    const MemoryUse& m      = study.result.memory;
    const EngineMemory& own = demand_of(study).engine;
    const double f          = own.memory_fraction;
    const Bytes left        = m.capacity - m.weights - m.activations - m.buffers;
    e.steps.push_back(known("left", left, "capacity - weights - activations - buffers"));
    switch (own.rule) {
        case MemoryRule::everything: {
            e.steps.push_back(known("room", left - (1 - f) * m.capacity, "left - (1 - fraction) * capacity"));
            return left - (1 - f) * m.capacity;
        }
        case MemoryRule::weights_and_cache: {
            const Bytes start = m.capacity - own.cuda_context - own.nccl_buffers,
                        room  = std::min(left, f * start - m.weights);
            e.steps.push_back(known("free at start", start, "capacity - CUDA context - NCCL buffers"));
            e.steps.push_back(
                known("room", room, "the lesser of left and fraction * free at start - weights"));
            return room;
        }
        case MemoryRule::of_free: e.steps.push_back(known("room", f * left, "fraction * left"));
    }
    return f * left;
}

void explain_free(const Study& study, Explanation& e) {
    const MemoryUse& m = study.result.memory;
    e.title            = m.free < Bytes{} ? "what is missing: it does not fit" : "what stays free";
    e.equation         = {"bytes = capacity - weights - cache - activations - buffers"};
    add_items(study, e);
    e.inputs.push_back(known("cache", m.kv, "explain memory.kv"));
    e.steps.push_back(
        known("free", m.capacity - m.weights - m.kv - m.activations - m.buffers, "capacity less the four"));
    e.result = known("free", m.free, "");
}

void explain_max_tokens(const Study& study, Explanation& e) {
    const Engine& engine = study.scenario().engine;
    e.title              = "room in the cache, per group that shares a request";
    e.equation           = {
                  "tokens = room / bytes per token, in whole pages; the engine's memory rule says how much room"};
    add_items(study, e);
    e.inputs.push_back(figure("memory fraction", engine.memory_fraction, "engine " + engine.name));
    add_cache(study, e);
    const Bytes room  = add_room(study, e);
    const double page = demand_of(study).engine.page_tokens;
    e.steps.push_back(known("tokens",
                            std::max(0., std::floor(room / study.model.weights().kv_per_token / page) * page),
                            "tokens", "room / per token, whole pages"));
    e.result = known("tokens", study.result.memory.max_total_tokens, "tokens", "");
}

}  // namespace

Explanation explain_memory(const Study& study, const std::string& name) {
    constexpr std::pair<const char*, void (*)(const Study&, Explanation&)> kItems[] = {
        {"memory.weights", explain_weights},
        {"memory.kv", explain_cache},
        {"memory.activations", explain_activations},
        {"memory.buffers", explain_buffers},
        {"memory.free", explain_free},
        {"memory.max_total_tokens", explain_max_tokens}};
    Explanation e{.op = name};
    for (const auto& [item, explain] : kItems)
        if (name == item) explain(study, e);
    return e;
}

}  // namespace isobath
