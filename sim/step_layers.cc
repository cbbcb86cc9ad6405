// A layer of one step: its stages as tasks of a plan, and the time of a layer once they repeat.
#include <algorithm>
#include <cmath>

#include "sim/step_account.h"
#include "sim/step_evaluation.h"

namespace isobath {

Seconds Evaluation::reduce(double tokens, int ranks) const {
    if (ranks <= 1) return {};
    const Bytes bytes = 2 * tokens * s_.model.hidden_size * unit::B;
    return bent(all_reduce(*m_.rates().collectives, bytes, packed(ranks, s_.cluster)),
                bend_[at(Family::network)]);
}

// Shared experts on a second stream beside the routed ones: both run at once, but HBM serves one after
// the other, so the shorter one's bytes are what it still costs.
void Evaluation::share_streams(RoleTimes& r) const {
    Bytes bytes[2]{};
    for (const LayerOp& op : w_.ops)
        if (op.stage == Stage::shared || op.stage == Stage::experts)
            bytes[op.stage == Stage::experts] += work_of(op.op).bytes;
    const bool experts_longer = r[Role::experts] >= r[Role::shared];
    Seconds& shorter          = r[experts_longer ? Role::shared : Role::experts];
    shorter = std::min(shorter, bytes[experts_longer ? 0 : 1] / s_.cluster.gpu.hbm_bandwidth);
}

void Evaluation::set_roles() {
    RoleTimes& r          = w_.roles;
    const ExchangeCost& x = w_.exchange;
    const std::int8_t net = bend_[at(Family::network)], situ = bend_[at(Family::in_situ)];
    const Seconds gap = bent(s_.engine.launch_gap, situ);
    r.time.fill({});
    r[Role::attention_in]  = stage(Stage::attention_in);
    r[Role::attention_out] = stage(Stage::attention_out) + stage(Stage::gate);
    r[Role::shared]        = stage(Stage::shared);
    r[Role::experts]       = stage(Stage::experts);
    if (!m_.exchange() && s_.layout.overlap == Overlap::shared_expert) share_streams(r);
    r[Role::attention_reduce] = reduce(w_.batch.tokens, s_.layout.attention_tp * s_.layout.attention_cp);
    lag_                      = lag_of(excess_rows(m_, w_.batch));
    if (!m_.exchange()) {
        r[Role::experts_reduce] = reduce(w_.batch.tokens, s_.layout.ep * s_.layout.expert_tp) + lag_;
        return;
    }
    r[Role::dispatch] = bent(x.dispatch, net);
    r[Role::combine]  = bent(x.combine, net);
    if (s_.layout.comm == Comm::deepep_normal) {
        set_barriers();
        return;
    }
    r[Role::combine] += lag_;  // a combine ends when the slowest rank's rows have come
    if (!m_.layer_plan().hook) return;
    r[Role::dispatch_send] = x.dispatch_send + gap;
    r[Role::dispatch_recv] = x.dispatch_recv + gap;
    r[Role::combine_send]  = x.combine_send + gap;
    r[Role::combine_recv]  = x.combine_recv + gap;
}

// Normal kernels start when every rank has come: notify, and the skew of the stage before, stragglers by
// chance in it; what popular experts add is waited for before the combine.
void Evaluation::set_barriers() {
    RoleTimes& r              = w_.roles;
    const std::int8_t situ    = bend_[at(Family::in_situ)];
    const double skew         = bent(m_.contention().rank_skew, situ);
    const Seconds notify      = bent(m_.contention().notify, situ);
    r[Role::dispatch_barrier] = notify + skew * (r[Role::attention_in] + r[Role::attention_out]);
    r[Role::combine_barrier]  = notify + skew * r[Role::experts] + lag_ - lag_of(chance_rows(m_, w_.batch));
}

Contention Evaluation::contention() const {
    if (s_.layout.overlap != Overlap::two_batch && s_.layout.overlap != Overlap::shared_expert) return {};
    const std::int8_t situ = bend_[at(Family::in_situ)];
    return {bent(m_.contention().comm_under_compute, situ), bent(m_.contention().compute_under_comm, situ)};
}

void Evaluation::find_steady_state() {
    const LayerPlan what = m_.layer_plan();
    LayerPlanner planner(what, w_.roles, w_.plan);
    w_.plan.contention = contention();
    w_.timeline.clear();
    planner.add_layer();
    const int tasks = static_cast<int>(w_.plan.tasks.size());
    Seconds before, last;
    for (int layers = 2; layers <= 6; ++layers) {
        planner.add_layer();
        extend(w_.plan, w_.timeline);
        const Seconds now = w_.timeline.makespan;
        w_.steady         = {now - last, now, layers, tasks};
        if (layers > 3 && std::abs((now - last) / (last - before) - 1) < 1e-9) return;
        before = last;
        last   = now;
    }
}

void Evaluation::moe_layers(StepTimes& out) {
    const double tokens = w_.batch.moe_tokens * s_.max_over_mean;
    if (m_.exchange()) w_.exchange = isobath::exchange(m_.rates(), m_.traffic_at(tokens), tokens);
    set_roles();
    find_steady_state();
    out.moe_layer = w_.steady.period;
    out.straggler = stage(Stage::experts) > Seconds{} ? 1 + lag_ / stage(Stage::experts) : 1;
    account_layer(m_, w_, gap(), out);
}

void Evaluation::dense_layer(StepTimes& out) {
    if (w_.stages[at(Stage::dense_ffn)].kernels == 0) return;
    const Seconds all_reduces =
        2.0 * reduce(w_.batch.tokens, s_.layout.attention_tp * s_.layout.attention_cp);
    const double batches = micro_batches(s_.layout.overlap);
    out.dense_layer      = batches * (stage(Stage::attention_in) + stage(Stage::attention_out) +
                                 stage(Stage::dense_ffn) + all_reduces);
    if (s_.model.moe) return;
    for (const Stage one : {Stage::attention_in, Stage::attention_out, Stage::dense_ffn})
        account_stage(w_.stages[at(one)], 1, out);
    out.parts[at(LayerPart::all_reduce)] = all_reduces;
    out.compute                          = out.dense_layer - all_reduces;
    out.network = out.exposed_network = all_reduces;
}

}  // namespace isobath
