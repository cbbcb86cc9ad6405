#include "sim/step.h"

#include <algorithm>
#include <cmath>

#include "sim/batch.h"
#include "sim/step_account.h"
#include "sim/step_evaluation.h"

namespace isobath {

StepTimes Evaluation::run(const StepInput& input) {
    const double drafts = input.load ? input.load->verified : s_.speculation.drafts();
    w_.batch            = batch_of(s_, m_.exchange(), input.batch_per_gpu, input.context, drafts + 1,
                                   m_.traffic_at(0).distinct_ranks);
    crowd();
    list_ops();
    cost_ops();
    StepTimes out;
    if (s_.model.moe) moe_layers(out);
    dense_layer(out);
    draft(input, out);
    add_up(out);
    return out;
}

LayerContext Evaluation::context() const {
    return {s_.model,
            s_.precision,
            shard_,
            w_.batch,
            static_cast<int>(s_.engine.extra_small_kernels.value),
            m_.exchange(),
            m_.fused_experts()};
}

void Evaluation::list_ops() {
    shard_       = s_.shard();
    const auto c = context();
    w_.ops.clear();
    append_embedding(c, w_.ops);
    append_attention(c, w_.ops);
    if (s_.model.moe) {
        append_gate(c, w_.ops);
        append_shared(c, w_.ops);
        append_experts(c, w_.ops);
    }
    if (s_.model.dense_layers() > 0) append_dense_ffn(c, w_.ops);
    append_head(c, w_.batch.pass == Pass::decode ? w_.batch.tokens : w_.batch.requests, w_.ops);
    if (m_.draft_plan().kind == DraftKind::target_block && m_.draft_plan().joins) append_mtp_in(c, w_.ops);
}

// Where requests differ in what they verify, the core's time lies between those of one query less and
// one more, by their share of requests.
KernelCost Evaluation::cost_of(const Op& op) const {
    KernelCost k      = m_.kernels().cost(op, sms_);
    const Batch& b    = w_.batch;
    const double less = b.pass == Pass::decode ? b.s_q - b.tokens / b.requests : 0;
    if (less < 1e-9) return k;
    const auto with_one_less = [&](auto core) {
        --core.s_q;
        const Estimate e = m_.kernels().cost(core, sms_).estimate;
        k.estimate.time += less * (e.time - k.estimate.time);
        k.estimate.low += less * (e.low - k.estimate.low);
        k.estimate.high += less * (e.high - k.estimate.high);
    };
    if (const auto* mla = std::get_if<MlaDecode>(&op)) with_one_less(*mla);
    if (const auto* gqa = std::get_if<GqaDecode>(&op)) with_one_less(*gqa);
    return k;
}

// A kernel in a step takes its isolated time; the gap after it belongs to the stage. (Dense GEMMs need
// no more: their forms sum to 144 us where SGLang's decode breakdown measures 142.5.)
void Evaluation::cost_ops() {
    w_.costs.clear();
    w_.stages.fill({});
    for (const LayerOp& op : w_.ops) {
        KernelCost k       = cost_of(op.op);
        const Seconds time = bent(k.estimate, bend_[at(family_of(op.op))]);
        w_.costs.push_back({k.estimate, k.bound});
        StageCost& stage = w_.stages[at(op.stage)];
        stage.time += time + bent(s_.engine.launch_gap, bend_[at(Family::in_situ)]);
        stage.parts[static_cast<std::size_t>(op.part)] += time;
        stage.by_source[at(k.estimate.source)] += time;
        ++stage.kernels;
    }
}

Seconds Evaluation::swiglu() const {
    for (std::size_t i = 0; i < w_.ops.size(); ++i)
        if (w_.ops[i].stage == Stage::experts && w_.ops[i].name == std::string_view("moe_swiglu"))
            return w_.costs[i].estimate.time;
    return {};
}

// All layers of the model. With stages, requests pass them one after the other; the stage with the most
// layers, all of the slower kind, sets the pace of every one, and each hands its rows to the next.
Seconds Evaluation::all_layers(const StepTimes& out) const {
    const int pp = s_.layout.pp, moe = s_.model.moe ? s_.model.moe_layers() : 0;
    if (pp == 1)
        return (moe > 0 ? w_.steady.total(moe) : Seconds{}) +
               double(s_.model.dense_layers()) * out.dense_layer;
    const int layers   = (s_.model.num_hidden_layers + pp - 1) / pp;
    const Bytes rows   = 2 * w_.batch.tokens * s_.model.hidden_size * unit::B;
    const bool across  = s_.cluster.gpus() / pp >= s_.cluster.nvlink_domain;
    const Seconds hand = bent(send(*m_.rates().collectives, rows, across), bend_[at(Family::network)]);
    const Seconds slow =
        std::max(moe > 0 ? w_.steady.total(layers) : Seconds{}, double(layers) * out.dense_layer);
    return double(pp) * (slow + hand);
}

void Evaluation::add_up(StepTimes& out) {
    const double batches  = micro_batches(s_.layout.overlap);
    const Seconds head    = batches * stage(Stage::head);
    out.layers            = all_layers(out);
    out.attention         = batches * (stage(Stage::attention_in) + stage(Stage::attention_out));
    out.routed_activation = batches * swiglu();
    out.ends              = batches * stage(Stage::embed) + head;
    out.host              = bent(s_.engine.host_step_overhead, bend_[at(Family::in_situ)]);
    out.step              = out.layers + out.ends + out.drafts + out.host;
    share_by_source(m_, w_, out);
}

StepTimes evaluate(const StepModel& model, const StepInput& input, StepWorkspace& work, const Bend& bend) {
    return Evaluation(model, work, bend).run(input);
}

}  // namespace isobath
