// What kernels add up to: one layer, one step.
#include <algorithm>

#include <fmt/format.h>

#include "sim/explain/study.h"

namespace isobath {
namespace {

std::string lower(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

/// The plan once more with one layer less: its makespan.
Seconds without_last_layer(const Study& study) {
    const StepWorkspace& w = study.result.work;
    Plan plan;
    Timeline timeline;
    plan_layers(study.model.layer_plan(), w.roles, w.steady.layers - 1, plan);
    plan.contention = w.plan.contention;
    run(plan, timeline);
    return timeline.makespan;
}

void moe_period(const Study& study, Explanation& e) {
    const StepWorkspace& w = study.result.work;
    e.equation             = {
                    "t = makespan of n layers - makespan of n - 1 layers, once two periods agree",
                    "In words: compute, communication kernels and bytes in flight run side by side as the overlap plan",
                    "orders them; the period is what one more layer adds when the pipeline is full."};
    e.inputs.push_back(named(
        "overlap", micro_batches(study.scenario().layout.overlap) > 1 ? "2 micro-batches" : "1 micro-batch",
        field("/layout/overlap")));
    for (int i = 0; i < kRoleCount; ++i)
        if (w.roles.time[static_cast<std::size_t>(i)] > Seconds{})
            e.inputs.push_back(known(std::string(name_of(static_cast<Role>(i))),
                                     w.roles.time[static_cast<std::size_t>(i)], "one micro-batch, alone"));
    if (w.plan.contention.comm_under_compute != 1) {
        e.inputs.push_back(
            figure("comm under compute", study.model.contention().comm_under_compute, "contention"));
        e.inputs.push_back(
            figure("compute under comm", study.model.contention().compute_under_comm, "contention"));
    }
    for (int i = 0; i < kLayerPartCount; ++i)
        if (study.part(static_cast<LayerPart>(i)) > Seconds{})
            e.steps.push_back(known(lower(name_of(static_cast<LayerPart>(i))),
                                    study.part(static_cast<LayerPart>(i)),
                                    "part of the layer, all micro-batches"));
    const Seconds before = without_last_layer(study);
    e.steps.push_back(known("makespan", w.timeline.makespan, fmt::format("of {} layers", w.steady.layers)));
    e.steps.push_back(known("one layer less", before, fmt::format("of {} layers", w.steady.layers - 1)));
    e.steps.push_back(known("period", w.timeline.makespan - before, "their difference"));
}

void dense_period(const Study& study, Explanation& e) {
    const Seconds reduces = study.part(LayerPart::all_reduce);
    e.equation            = {"t = attention + FFN + all-reduces, one after the other"};
    e.inputs.push_back(known("micro-batches", study.batches(), "", field("/layout/overlap")));
    Seconds sum;
    for (const Stage s : {Stage::attention_in, Stage::attention_out, Stage::dense_ffn}) {
        e.inputs.push_back(
            known(lower(name_of(s)), study.stage(s).time, "its kernels and the gaps after them"));
        sum += study.stage(s).time;
    }
    e.steps.push_back(known("all-reduces", reduces, "after attention and after the FFN"));
    e.steps.push_back(
        known("period", study.batches() * (sum + reduces), "micro-batches * (stages + all-reduces)"));
}

}  // namespace

Explanation explain_layer(const Study& study, const std::string& name) {
    const bool moe = study.scenario().model.moe.has_value();
    Explanation e{
        .op    = name,
        .title = fmt::format("one {} layer in the steady state, all micro-batches", moe ? "MoE" : "dense")};
    moe ? moe_period(study, e) : dense_period(study, e);
    const Seconds period = moe ? study.result.times.moe_layer : study.result.times.dense_layer;
    e.result             = known("period", period, "");
    if (moe)
        e.result =
            between(e.result, study.result.layer_range.low.base(), study.result.layer_range.high.base());
    return e;
}

Explanation explain_step(const Study& study, const std::string& name) {
    const StepTimes& t = study.result.times;
    const Scenario& s  = study.scenario();
    Explanation e{.op = name, .title = "all of one step: what a user waits for"};
    e.equation = {
        "t = layers + ends + drafts + host",
        "layers: first MoE layers until the period is steady, then one period each; dense layers in a row",
        "Interval: each family of kernels goes to both ends of its own; families add in quadrature."};
    e.inputs.push_back(known("layers", s.model.num_hidden_layers, "", "model num_hidden_layers"));
    e.inputs.push_back(known("dense layers", s.model.dense_layers(), "", "model first_k_dense_replace"));
    e.inputs.push_back(known("pipeline stages", s.layout.pp, "", field("/layout/pp")));
    e.inputs.push_back(known("drafts", s.speculation.drafts(), "", field("/speculation/depth")));
    e.inputs.push_back(
        figure("host", s.engine.host_step_overhead, "engine " + s.engine.name + ", host_step_overhead"));
    if (s.model.moe) e.steps.push_back(known("MoE layer", t.moe_layer, "isobath explain SCENARIO layer"));
    if (s.model.dense_layers() > 0)
        e.steps.push_back(known("dense layer", t.dense_layer, "attention, dense FFN, all-reduces"));
    e.steps.push_back(known("all layers", t.layers,
                            s.layout.pp > 1 ? "pipeline stages * (the slowest stage + handing its rows on)"
                            : s.model.moe   ? "pipeline filled and drained, dense layers included"
                                            : "layers * dense layer"));
    e.steps.push_back(known("ends", t.ends, "embedding, final norm, logits, sampling"));
    e.steps.push_back(
        known("drafts", t.drafts,
              "drafts * (a layer, the head, the MTP module's join, the engine's draft overhead)"));
    e.steps.push_back(known("host", t.host, "between two steps"));
    for (const FamilyShare& f : study.result.sensitivity)
        e.steps.push_back(
            known(std::string(name_of(f.family)), f.up,
                  fmt::format("more at the slow end, {} less at the fast end", show(f.down.base(), "s"))));
    e.steps.push_back(known("step", t.layers + t.ends + t.drafts + t.host, "layers + ends + drafts + host"));
    e.result = between(known("step", t.step, ""), study.result.step_range.low.base(),
                       study.result.step_range.high.base());
    return e;
}

}  // namespace isobath
