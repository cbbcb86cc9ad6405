#include "sim/step.h"

#include <algorithm>
#include <cmath>

#include "sim/batch.h"
#include "sim/speculate/draft_parts.h"
#include "sim/step_account.h"

namespace isobath {
namespace {

constexpr std::size_t at(Family f) {
    return static_cast<std::size_t>(f);
}
constexpr std::size_t at(Stage s) {
    return static_cast<std::size_t>(s);
}
constexpr std::size_t at(LayerPart p) {
    return static_cast<std::size_t>(p);
}
constexpr std::size_t at(Source s) {
    return static_cast<std::size_t>(s);
}

Seconds bent(const Estimate& e, std::int8_t bend) {
    return bend == 0 ? e.time : bend < 0 ? e.low : e.high;
}

template <class T>
T bent(const Figure<T>& f, std::int8_t bend) {
    return bend == 0 ? f.value : bend < 0 ? f.low : f.high;
}

/// Evaluates one step; a class only so that its parts need not pass the same four things around.
class Evaluation {
  public:
    Evaluation(const StepModel& model, StepWorkspace& work, const Bend& bend)
        : m_(model), s_(model.scenario()), w_(work), bend_(bend), sms_(model.compute_sms()) {}

    StepTimes run(const StepInput& input) {
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

    /// One pass of a drafting block on `rows` per request: its layer, the join before it and the head behind.
    Seconds pass(const StepInput& input, double rows, double head_rows) {
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

  private:
    LayerContext context() const {
        return {s_.model,
                s_.precision,
                shard_,
                w_.batch,
                static_cast<int>(s_.engine.extra_small_kernels.value),
                m_.exchange(),
                m_.fused_experts()};
    }

    void list_ops() {
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
        if (m_.draft_plan().kind == DraftKind::target_block && m_.draft_plan().joins)
            append_mtp_in(c, w_.ops);
    }

    void list_pass_ops(double head_rows) {
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

    /// Where requests differ in what they verify, the core's time lies between those of one query less and
    /// one more, by their share of requests.
    KernelCost cost_of(const Op& op) const {
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

    /// A kernel in a step takes its isolated time; the gap after it belongs to the stage. (Dense GEMMs need
    /// no more: their forms sum to 144 us where SGLang's decode breakdown measures 142.5.)
    void cost_ops() {
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

    Seconds swiglu() const {
        for (std::size_t i = 0; i < w_.ops.size(); ++i)
            if (w_.ops[i].stage == Stage::experts && w_.ops[i].name == std::string_view("moe_swiglu"))
                return w_.costs[i].estimate.time;
        return {};
    }

    Seconds stage(Stage s) const { return w_.stages[at(s)].time; }
    Seconds gap() const { return bent(s_.engine.launch_gap, bend_[at(Family::in_situ)]); }

    double excess_rows() const { return isobath::excess_rows(m_, w_.batch); }

    /// What a fused group of experts meets on the rank that all others wait for: its rows, and how many of
    /// its experts any token chose.
    void crowd() {
        Batch& b           = w_.batch;
        const double local = b.local_experts;
        if (m_.placed())
            b.expert_row_variance += std::pow(b.expert_rows / local, 2) * m_.placed()->slot_variation();
        b.hottest_rows += excess_rows();
        if (!m_.fused_experts()) return;
        const double share  = m_.placed() ? m_.placed()->share_hit(b.group_tokens)
                              : m_.draw() ? m_.draw()->share_hit(b.group_tokens)
                                          : b.active_experts / local;
        const double spread = std::sqrt(local * share * (1 - share) * (1 - 1.0 / s_.layout.ep));
        b.active_experts    = std::min(local, local * share + m_.expected_max() * spread);
    }

    /// What the busiest rank's experts take beyond the mean rank's. A fused group is the busiest rank's
    /// already.
    Seconds straggler_lag() const { return lag_of(excess_rows()); }

    Seconds lag_of(double excess) const {
        Seconds lag;
        for (std::size_t i = 0; i < w_.ops.size(); ++i) {
            const auto* g = std::get_if<GroupedGemm>(&w_.ops[i].op);
            if (!g || excess <= 0) continue;
            GroupedGemm busiest = *g;
            busiest.rows += excess;
            lag += bent(m_.kernels().cost(busiest, sms_).estimate, bend_[at(Family::grouped_gemm)]) -
                   bent(w_.costs[i].estimate, bend_[at(Family::grouped_gemm)]);
        }
        return std::max(Seconds{}, lag);  // expected waves may fall by a hair as rows grow
    }

    Seconds reduce(double tokens, int ranks) const {
        if (ranks <= 1) return {};
        const Bytes bytes = 2 * tokens * s_.model.hidden_size * unit::B;
        return bent(all_reduce(*m_.rates().collectives, bytes, packed(ranks, s_.cluster)),
                    bend_[at(Family::network)]);
    }

    /// Shared experts on a second stream beside the routed ones: both run at once, but HBM serves one after
    /// the other, so the shorter one's bytes are what it still costs.
    void share_streams(RoleTimes& r) const {
        Bytes bytes[2]{};
        for (const LayerOp& op : w_.ops)
            if (op.stage == Stage::shared || op.stage == Stage::experts)
                bytes[op.stage == Stage::experts] += work_of(op.op).bytes;
        const bool experts_longer = r[Role::experts] >= r[Role::shared];
        Seconds& shorter          = r[experts_longer ? Role::shared : Role::experts];
        shorter = std::min(shorter, bytes[experts_longer ? 0 : 1] / s_.cluster.gpu.hbm_bandwidth);
    }

    void set_roles() {
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
        lag_                      = straggler_lag();
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

    /// Normal kernels start when every rank has come: notify, and the skew of the stage before, stragglers by
    /// chance in it; what popular experts add is waited for before the combine.
    void set_barriers() {
        RoleTimes& r              = w_.roles;
        const std::int8_t situ    = bend_[at(Family::in_situ)];
        const double skew         = bent(m_.contention().rank_skew, situ);
        const Seconds notify      = bent(m_.contention().notify, situ);
        r[Role::dispatch_barrier] = notify + skew * (r[Role::attention_in] + r[Role::attention_out]);
        r[Role::combine_barrier] =
            notify + skew * r[Role::experts] + lag_ - lag_of(chance_rows(m_, w_.batch));
    }

    void find_steady_state() {
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

    Contention contention() const {
        if (s_.layout.overlap != Overlap::two_batch && s_.layout.overlap != Overlap::shared_expert) return {};
        const std::int8_t situ = bend_[at(Family::in_situ)];
        return {bent(m_.contention().comm_under_compute, situ),
                bent(m_.contention().compute_under_comm, situ)};
    }

    void moe_layers(StepTimes& out) {
        const double tokens = w_.batch.moe_tokens * s_.max_over_mean;
        if (m_.exchange()) w_.exchange = isobath::exchange(m_.rates(), m_.traffic_at(tokens), tokens);
        set_roles();
        find_steady_state();
        out.moe_layer = w_.steady.period;
        out.straggler = stage(Stage::experts) > Seconds{} ? 1 + lag_ / stage(Stage::experts) : 1;
        account_layer(m_, w_, gap(), out);
    }

    void dense_layer(StepTimes& out) {
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

    /// All layers of the model. With stages, requests pass them one after the other; the stage with the most
    /// layers, all of the slower kind, sets the pace of every one, and each hands its rows to the next.
    Seconds all_layers(const StepTimes& out) const {
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

    /// Kernels of drafting that are no layer: heads. A row for each request.
    Seconds draft_heads() {
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

    Seconds pass_in(std::size_t room, const StepInput& input, double rows, double head_rows) {
        if (w_.passes.size() <= room) w_.passes.resize(room + 1);
        return Evaluation(m_, w_.passes[room], bend_).pass(input, rows, head_rows);
    }

    /// Another model's step, without what the engine does once per step.
    Seconds model_pass(std::size_t room, const StepInput& input, double rows) {
        if (w_.passes.size() <= room) w_.passes.resize(room + 1);
        StepInput one     = input;
        one.load          = DraftLoad{rows - 1, 0, 0};
        const StepTimes t = evaluate(*m_.draft_model(), one, w_.passes[room], bend_);
        return t.step - t.host;
    }

    /// The first pass brings the drafter's cache up to date with every token just verified; the ones after it
    /// see one row per request or branch. Whatever the pass, logits are wanted of rows that draft only.
    void draft(const StepInput& input, StepTimes& out) {
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

    void add_up(StepTimes& out) {
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

    const StepModel& m_;
    const Scenario& s_;
    StepWorkspace& w_;
    const Bend& bend_;
    int sms_;
    Shard shard_;
    Seconds lag_;
};

}  // namespace

StepTimes evaluate(const StepModel& model, const StepInput& input, StepWorkspace& work, const Bend& bend) {
    return Evaluation(model, work, bend).run(input);
}

double excess_rows(const StepModel& model, const Batch& b) {
    const Scenario& s = model.scenario();
    const double mean = b.expert_rows, local = std::max(1, b.local_experts);
    if (model.placed()) return mean * (model.placed()->max_over_mean(b.group_tokens) * s.max_over_mean - 1);
    const double held = model.draw() ? model.draw()->variation() / local * (1 - 1.0 / s.layout.ep) : 0;
    return model.expected_max() * std::sqrt(b.local_experts * b.expert_row_variance + mean * mean * held) +
           mean * (s.max_over_mean - 1);
}

double chance_rows(const StepModel& model, const Batch& b) {
    const double all    = b.group_tokens;
    const double chance = all > 0 ? b.expert_rows / b.local_experts / all : 0;
    return model.expected_max() * std::sqrt(b.local_experts * all * chance * (1 - chance));
}

Family family_of(const Op& op) {
    struct {
        Family operator()(const Gemm&) const { return Family::gemm; }
        Family operator()(const BatchedGemm&) const { return Family::gemm; }
        Family operator()(const GroupedGemm&) const { return Family::grouped_gemm; }
        Family operator()(const FusedMoe&) const { return Family::grouped_gemm; }
        Family operator()(const MlaDecode&) const { return Family::attention; }
        Family operator()(const FlashPrefill&) const { return Family::attention; }
        Family operator()(const GqaDecode&) const { return Family::attention; }
        Family operator()(const IndexerScore&) const { return Family::attention; }
        Family operator()(const Streaming&) const { return Family::streaming; }
    } const family;
    return std::visit(family, op);
}

std::string_view name_of(Family family) {
    constexpr std::string_view names[kFamilyCount] = {
        "dense GEMM", "expert GEMM", "attention", "small kernels", "network", "launch and contention"};
    return names[at(family)];
}

std::string_view name_of(LayerPart part) {
    constexpr std::string_view names[kLayerPartCount] = {
        "attention_core",  "dense_gemm", "expert_gemm",    "other",
        "launch_gaps",     "dispatch",   "combine",        "dispatch_barrier",
        "combine_barrier", "all_reduce", "compute_bubble", "comm_bubble"};
    return names[at(part)];
}

}  // namespace isobath
