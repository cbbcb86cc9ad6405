#include "sim/step_account.h"

#include <algorithm>

namespace isobath {
namespace {

template <class Enum>
constexpr std::size_t at(Enum value) {
    return static_cast<std::size_t>(value);
}

/// A stage of which only `took` is seen, because another runs beside it or slows it.
void account_shown(const StageCost& stage, Seconds took, StepTimes& out) {
    if (stage.time > Seconds{}) account_stage(stage, took / stage.time, out);
}

void account_task(const LayerPlan& plan, const StepWorkspace& w, Seconds gap, const Task& task, Seconds took,
                  Seconds idle, StepTimes& out) {
    const Role role      = static_cast<Role>(task.tag);
    const double stretch = task.time > Seconds{} ? took / task.time : 1;
    auto part            = [&](LayerPart p) -> Seconds& { return out.parts[at(p)]; };
    switch (role) {
        case Role::attention_in: account_stage(w.stages[at(Stage::attention_in)], stretch, out); break;
        case Role::attention_out:
            account_stage(w.stages[at(Stage::attention_out)], stretch, out);
            account_stage(w.stages[at(Stage::gate)], stretch, out);
            break;
        case Role::shared: account_shown(w.stages[at(Stage::shared)], took, out); break;
        case Role::experts: account_shown(w.stages[at(Stage::experts)], took, out); break;
        case Role::dense_ffn: account_stage(w.stages[at(Stage::dense_ffn)], stretch, out); break;
        case Role::dispatch_send:
        case Role::dispatch_recv:
            part(LayerPart::dispatch) += took - gap;
            part(LayerPart::launch_gaps) += gap;
            break;
        case Role::combine_send:
        case Role::combine_recv:
            part(LayerPart::combine) += took - gap;
            part(LayerPart::launch_gaps) += gap;
            break;
        case Role::wait_dispatch:
            if (plan.hook) part(LayerPart::dispatch) += idle;
            out.exposed_network += idle;
            break;
        case Role::wait_combine:
            if (plan.hook) part(LayerPart::combine) += idle;
            out.exposed_network += idle;
            break;
        case Role::dispatch:
            if (!plan.hook) part(LayerPart::dispatch) += took;
            break;
        case Role::combine:
            if (!plan.hook) part(LayerPart::combine) += took;
            break;
        case Role::dispatch_barrier: part(LayerPart::dispatch_barrier) += took; break;
        case Role::combine_barrier: part(LayerPart::combine_barrier) += took; break;
        case Role::attention_reduce:
        case Role::experts_reduce: part(LayerPart::all_reduce) += took; break;
    }
}

/// What waiting, barriers, gaps and all-reduces rest on: the weaker of the transfers that time them.
Source source_of_rest(const StepModel& model, const StepWorkspace& w) {
    if (model.exchange()) return weaker(w.exchange.dispatch.source, w.exchange.combine.source);
    const Scenario& s = model.scenario();
    const int ranks   = s.layout.attention_tp * s.layout.attention_cp;
    if (ranks == 1) return Source::fitted;
    return all_reduce(*model.rates().collectives, 1 * unit::MB, packed(ranks, s.cluster)).source;
}

bool blocks(const DraftPlan& drafts) {
    return drafts.kind == DraftKind::target_block || drafts.kind == DraftKind::dense_block;
}

}  // namespace

void account_stage(const StageCost& stage, double stretch, StepTimes& out) {
    out.parts[at(LayerPart::attention_core)] += stretch * stage.parts[0];
    out.parts[at(LayerPart::dense_gemm)] += stretch * stage.parts[1];
    out.parts[at(LayerPart::expert_gemm)] += stretch * stage.parts[2];
    out.parts[at(LayerPart::other)] += stretch * stage.parts[3];
    Seconds kernels;
    for (const Seconds part : stage.parts) kernels += part;
    out.parts[at(LayerPart::launch_gaps)] += stretch * (stage.time - kernels);
}

/// Splits the last layer of the timeline into parts: each compute task's time by its stage's kernels,
/// idle time before a wait to what it waits for, the rest to bubbles.
void account_layer(const StepModel& model, const StepWorkspace& w, Seconds gap, StepTimes& out) {
    const LayerPlan plan = model.layer_plan();
    const auto n         = static_cast<std::size_t>(w.steady.tasks_per_layer);
    const auto first     = w.plan.tasks.size() - n;
    Seconds compute_end, comm_busy, compute_busy;
    for (std::size_t i = 0; i < w.plan.tasks.size(); ++i) {
        const Task& task         = w.plan.tasks[i];
        const Interval& interval = w.timeline.intervals[i];
        const Seconds took       = interval.end - interval.start;
        if (i >= first) account_task(plan, w, gap, task, took, interval.start - compute_end, out);
        if (task.lane == Lane::compute) {
            compute_end = interval.end;
            if (i >= first) compute_busy += took;
        } else if (i >= first && task.lane != Lane::flight) {
            comm_busy += took;
        }
        if (i >= first && (task.lane == Lane::comm || task.lane == Lane::flight)) out.network += took;
    }
    const Seconds waits                      = out.exposed_network;
    out.compute                              = compute_busy;
    const Seconds idle                       = out.moe_layer - compute_busy - waits;
    out.parts[at(LayerPart::compute_bubble)] = std::max(Seconds{}, idle);
    out.exposed_network += std::max(Seconds{}, idle);
    if (comm_busy > Seconds{} && plan.overlap == Overlap::two_batch)
        out.parts[at(LayerPart::comm_bubble)] = std::max(Seconds{}, out.moe_layer - comm_busy);
}

/// The step's time by what it rests on: kernels by their own source; gaps and contention are fitted;
/// waiting, barriers and all-reduces rest on the network's estimate.
void share_by_source(const StepModel& model, const StepWorkspace& w, StepTimes& out) {
    const Scenario& s = model.scenario();
    Seconds known;
    const auto add = [&](const StageCost& stage, double times) {
        for (std::size_t i = 0; i < kSourceCount; ++i) {
            out.by_source[i] += times * stage.by_source[i];
            known += times * stage.by_source[i];
        }
    };
    const double batches    = micro_batches(s.layout.overlap);
    const DraftPlan& drafts = model.draft_plan();
    const bool repeats  = drafts.kind == DraftKind::target_block;  // a draft's first pass is one more layer
    const double first  = drafts.later_rows == 0 ? drafts.passes : drafts.side_by_side;
    const double layers = s.model.num_hidden_layers + (repeats ? first : 0);
    const double moe    = s.model.moe ? layers - s.model.dense_layers() : 0;
    for (const Stage one : {Stage::attention_in, Stage::attention_out})
        add(w.stages[at(one)], batches * layers);
    for (const Stage one : {Stage::gate, Stage::shared, Stage::experts})
        add(w.stages[at(one)], batches * moe);
    add(w.stages[at(Stage::dense_ffn)], batches * s.model.dense_layers());
    add(w.stages[at(Stage::embed)], batches);
    add(w.stages[at(Stage::head)], batches);
    for (const OpCost& head : w.draft_costs) {
        const Seconds all = batches * first * head.estimate.time;
        out.by_source[at(head.estimate.source)] += all;
        known += all;
    }
    const bool later = blocks(drafts) && drafts.passes > 1 && drafts.later_rows > 0;
    if (later)
        for (const StageCost& stage : w.passes[0].stages) add(stage, batches * (drafts.passes - 1));
    if (drafts.kind == DraftKind::dense_block)
        for (const StageCost& stage : w.passes[1].stages) add(stage, batches);
    out.by_source[at(source_of_rest(model, w))] += std::max(Seconds{}, out.step - known);
}

}  // namespace isobath
