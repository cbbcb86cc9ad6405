#include "sim/fit_advice.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "sim/batch.h"
#include "sim/memory_demand.h"

namespace isobath {
namespace {

MemoryUse memory_at(const StepModel& model, StepInput input, double batch_per_gpu) {
    const Scenario& s   = model.scenario();
    input.batch_per_gpu = batch_per_gpu;
    const Batch batch   = batch_of(s, model.exchange(), batch_per_gpu, input.context,
                                   s.speculation.drafts() + 1, model.traffic_at(0).distinct_ranks);
    return memory_of(model.weights(), memory_demand(s, batch, input));
}

/// The largest whole number in [0, beyond) whose demand fits; `beyond` does not.
double largest_batch(const StepModel& model, const StepInput& input, double beyond) {
    double fits = 0;
    while (beyond - fits > 1) {
        const double middle                                    = std::floor((fits + beyond) / 2);
        (memory_at(model, input, middle).fits ? fits : beyond) = middle;
    }
    return fits;
}

/// Whether weights and the engine's own buffers fit in `layout`, everything that must follow following.
bool weights_fit(const Scenario& s, const Layout& layout) {
    const Shard shard{layout.attention_tp, layout.attention_cp, layout.ep, layout.expert_tp,
                      layout.redundant,    layout.shared,       layout.pp};
    const Bytes room = s.cluster.gpu.memory - s.engine.cuda_context.value - s.engine.cuda_graphs.value -
                       s.engine.nccl_buffers.value;
    return weights_of(s.model, s.precision, shard, s.speculation.drafts() > 0).total() < room;
}

/// The least divisor of `whole` above `now` that, put in its place in the layout, makes the weights fit; or
/// 0.
int least(const Scenario& s, int Layout::*place, int whole) {
    for (int n = s.layout.*place + 1; n <= whole; ++n) {
        Layout layout = s.layout;
        layout.*place = n;
        if (whole % n == 0 && weights_fit(s, layout)) return n;
    }
    return 0;
}

}  // namespace

FitAdvice fit_advice(const StepModel& model, const StepInput& input) {
    const Scenario& s = model.scenario();
    FitAdvice advice;
    advice.batch_per_gpu = largest_batch(model, input, std::max(1.0, std::ceil(input.batch_per_gpu)));
    advice.weights_fit   = weights_fit(s, s.layout);
    if (advice.weights_fit) return advice;
    if (s.model.moe) advice.ep = least(s, &Layout::ep, s.model.moe->n_routed_experts + s.layout.redundant);
    if (!s.model.moe) advice.tp = least(s, &Layout::attention_tp, s.model.attention.heads);
    return advice;
}

std::string to_text(const FitAdvice& advice, const Scenario& s) {
    if (advice.weights_fit)
        return advice.batch_per_gpu > 0
                   ? fmt::format("largest batch that fits: {:g} requests per GPU", advice.batch_per_gpu)
                   : "weights fit, but not one request of this length beside them";
    const std::int64_t each = s.layout.pp;
    if (advice.ep > 0)
        return fmt::format("weights alone do not fit; they would from EP{} on, that is {} GPUs", advice.ep,
                           each * advice.ep * s.layout.expert_tp);
    if (advice.tp > 0)
        return fmt::format(
            "weights alone do not fit; they would from attention TP{} on, that is {} GPUs for each replica",
            advice.tp, each * advice.tp * s.layout.attention_cp);
    return "weights alone do not fit, however experts or heads are split; split layers (pp) over more GPUs";
}

}  // namespace isobath
