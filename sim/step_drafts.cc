// What drafting adds to one step.
#include <algorithm>

#include "sim/batch.h"
#include "sim/speculate/draft_parts.h"
#include "sim/step_evaluation.h"

namespace isobath {

void Evaluation::list_pass_ops(double head_rows) {
    shard_       = s_.shard();
    const auto c = context();
    w_.ops.clear();
    append_attention(c, w_.ops);
    if (m_.draft_plan().kind == DraftKind::target_block && s_.model.moe) {
        append_gate(c, w_.ops);
        append_shared(c, w_.ops);
        append_experts(c, w_.ops);
    } else {
        append_dense_ffn(c, w_.ops);
    }
    append_head(c, head_rows, w_.ops);
    if (m_.draft_plan().joins) append_mtp_in(c, w_.ops);
}

// One pass of a drafting block on `rows` per request: its layer, the join before it and the head behind.
Seconds Evaluation::pass(const StepInput& input, double rows, double head_rows) {
    w_.batch = batch_of(s_, m_.exchange(), input.batch_per_gpu, input.context, rows,
                        m_.traffic_at(0).distinct_ranks);
    crowd();
    list_pass_ops(head_rows * w_.batch.requests);
    cost_ops();
    StepTimes t;
    const bool routed = m_.draft_plan().kind == DraftKind::target_block && s_.model.moe;
    routed ? moe_layers(t) : dense_layer(t);
    return (routed ? t.moe_layer : t.dense_layer) +
           double(micro_batches(s_.layout.overlap)) * (stage(Stage::head) + stage(Stage::mtp_in));
}

// Kernels of drafting that are no layer: heads. A row for each request.
Seconds Evaluation::draft_heads() {
    w_.draft_ops.clear();
    w_.draft_costs.clear();
    append_draft_heads(context(), m_.draft_plan(), w_.draft_ops);
    Seconds sum;
    for (const LayerOp& op : w_.draft_ops) {
        const KernelCost k = m_.kernels().cost(op.op, sms_);
        w_.draft_costs.push_back({k.estimate, k.bound});
        sum += bent(k.estimate, bend_[at(family_of(op.op))]) + gap();
    }
    return double(micro_batches(s_.layout.overlap)) * sum;
}

Seconds Evaluation::pass_in(std::size_t room, const StepInput& input, double rows, double head_rows) {
    if (w_.passes.size() <= room) w_.passes.resize(room + 1);
    return Evaluation(m_, w_.passes[room], bend_).pass(input, rows, head_rows);
}

// Another model's step, without what the engine does once per step.
Seconds Evaluation::model_pass(std::size_t room, const StepInput& input, double rows) {
    if (w_.passes.size() <= room) w_.passes.resize(room + 1);
    StepInput one     = input;
    one.load          = DraftLoad{rows - 1, 0, 0};
    const StepTimes t = evaluate(*m_.draft_model(), one, w_.passes[room], bend_);
    return t.step - t.host;
}

// The first pass brings the drafter's cache up to date with every token just verified; the ones after it
// see one row per request or branch. Whatever the pass, logits are wanted of rows that draft only.
void Evaluation::draft(const StepInput& input, StepTimes& out) {
    const DraftPlan& p = m_.draft_plan();
    w_.draft_ops.clear();
    w_.draft_costs.clear();
    if (p.kind == DraftKind::none) return;
    const double verified = w_.batch.tokens / w_.batch.requests;
    const double batches  = micro_batches(s_.layout.overlap);
    switch (p.kind) {
        case DraftKind::target_block: {
            const Seconds block = s_.model.moe ? out.moe_layer : out.dense_layer;
            out.first_draft =
                double(p.side_by_side) * (block + draft_heads()) + batches * stage(Stage::mtp_in);
            out.later_draft = p.later_rows == 0 ? out.first_draft : Seconds{};
            break;
        }
        case DraftKind::dense_block: out.first_draft = pass_in(1, input, verified, 1); break;
        case DraftKind::heads: out.first_draft = double(p.side_by_side) * draft_heads(); break;
        // The other model has its own drafts in its cache, all but the last; and the step's own token.
        case DraftKind::model: out.first_draft = model_pass(1, input, std::min(2.0, verified)); break;
        case DraftKind::none: break;
    }
    if (p.passes > 1 && out.later_draft == Seconds{})
        out.later_draft = p.kind == DraftKind::model ? model_pass(0, input, 1)
                                                     : pass_in(0, input, p.later_rows, p.later_rows);
    const Seconds overhead = bent(s_.engine.draft_overhead, bend_[at(Family::in_situ)]);
    out.first_draft += overhead;
    out.later_draft += p.passes > 1 ? overhead : Seconds{};
    const double passes = input.load ? input.load->passes : p.passes;
    out.drafts = std::min(1.0, passes) * out.first_draft + std::max(0.0, passes - 1) * out.later_draft;
}

}  // namespace isobath
