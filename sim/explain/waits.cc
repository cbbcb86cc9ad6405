// What stands between kernels: barriers, the slowest rank, launch gaps.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/explain/study.h"

namespace isobath {
namespace {

/// Stages whose kernels a task of the plan runs.
std::vector<Stage> stages_of(Role role) {
    switch (role) {
        case Role::attention_in: return {Stage::attention_in};
        case Role::attention_out: return {Stage::attention_out, Stage::gate};
        case Role::shared: return {Stage::shared};
        case Role::experts: return {Stage::experts};
        case Role::dense_ffn: return {Stage::dense_ffn};
        default: return {};
    }
}

bool is_own_kernel(Role r) {
    return r == Role::dispatch_send || r == Role::dispatch_recv || r == Role::combine_send ||
           r == Role::combine_recv;
}

/// Kernels of one layer over all micro-batches, each weighted by how much contention stretches its stage.
struct Gaps {
    double kernels = 0, stretched = 0;
};

Gaps gaps_of(const Study& study) {
    Gaps out;
    const StepWorkspace& w = study.result.work;
    if (!study.scenario().model.moe) {
        for (const Stage s : {Stage::attention_in, Stage::attention_out, Stage::dense_ffn})
            out.kernels += study.stage(s).kernels;
        return {out.kernels, out.kernels};
    }
    for (std::size_t i = w.plan.tasks.size() - static_cast<std::size_t>(w.steady.tasks_per_layer);
         i < w.plan.tasks.size(); ++i) {
        const Task& task   = w.plan.tasks[i];
        const Role role    = static_cast<Role>(task.tag);
        const Seconds took = w.timeline.intervals[i].end - w.timeline.intervals[i].start;
        double kernels     = is_own_kernel(role) ? 1 : 0;
        for (const Stage s : stages_of(role)) kernels += study.stage(s).kernels;
        out.kernels += kernels;
        out.stretched += kernels * (task.time > Seconds{} && !is_own_kernel(role) ? took / task.time : 1);
    }
    return out;
}

/// What one expert GEMM takes more on a rank with more rows than the mean rank.
struct Lag {
    std::string op;
    Estimate more;
};

std::vector<Lag> lags_of(const Study& study, double excess) {
    std::vector<Lag> out;
    for (std::size_t i = 0; i < study.result.work.ops.size(); ++i) {
        const LayerOp& op = study.result.work.ops[i];
        const auto* g     = std::get_if<GroupedGemm>(&op.op);
        if (!g || excess <= 0) continue;
        GroupedGemm busiest = *g;
        busiest.rows += excess;
        const Estimate full = study.model.kernels().cost(busiest, study.model.compute_sms()).estimate;
        Estimate more       = full + -1.0 * study.result.work.costs[i].estimate;
        more.source         = full.source;
        out.push_back({std::string(op.name), more});
    }
    return out;
}

Estimate sum_of(const std::vector<Lag>& lags) {
    Estimate sum{Seconds{}, Seconds{}, Seconds{}, Source::measured};
    for (const Lag& lag : lags) sum = sum + lag.more;
    return sum;
}

/// Of what the busiest rank's experts take longer, the part that is not chance: a combine waits for it.
Seconds wait_for_popular(const Study& study) {
    const auto wait = [&](double excess) { return std::max(Seconds{}, sum_of(lags_of(study, excess)).time); };
    return wait(excess_rows(study.model, study.batch())) - wait(chance_rows(study.model, study.batch()));
}

}  // namespace

Explanation explain_barrier(const Study& study, const std::string& name) {
    const bool dispatch          = name.starts_with("dispatch");
    const ContentionConstants& c = study.model.contention();
    const RoleTimes& r           = study.result.work.roles;
    const Seconds stage = dispatch ? r[Role::attention_in] + r[Role::attention_out] : r[Role::experts];
    const Seconds time  = r[dispatch ? Role::dispatch_barrier : Role::combine_barrier];
    Explanation e{.op    = name,
                  .title = fmt::format("waiting for the slowest rank before each {}",
                                       dispatch ? "dispatch" : "combine")};
    e.equation = {"t = notify + skew * preceding compute stage",
                  "In words: a small kernel that tells counts, and ranks that reach it apart."};
    e.inputs   = {figure("notify", c.notify, "contention"), figure("skew", c.rank_skew, "contention")};
    e.steps.push_back(known("stage", stage, dispatch ? "attention, gate included" : "routed experts"));
    const Seconds popular = dispatch ? Seconds{} : wait_for_popular(study);
    if (popular > Seconds{}) {
        e.equation.front() += " + popular experts";
        e.steps.push_back(
            known("popular experts", popular, "straggler_lag, less what chance alone would make it"));
    }
    e.steps.push_back(
        known("time", c.notify.value + c.rank_skew.value * stage + popular,
              popular > Seconds{} ? "notify + skew * stage + popular experts" : "notify + skew * stage"));
    e.result = between(known("time", time, ""), (c.notify.low + c.rank_skew.low * stage + popular).base(),
                       (c.notify.high + c.rank_skew.high * stage + popular).base());
    e.source = name_of(Source::fitted);
    for (const OpRow& row : study.result.ops)
        if (row.name == "dispatch") e.runs = row.count;
    return e;
}

Explanation explain_straggler(const Study& study, const std::string& name) {
    const Batch& b      = study.batch();
    const double spread = std::sqrt(b.local_experts * b.expert_row_variance),
                 excess = excess_rows(study.model, b);
    const Scenario& s   = study.scenario();
    Explanation e{.op = name, .title = "what the busiest rank's experts take beyond the mean's"};
    e.equation = {"t = sum over expert GEMMs of t(rows + excess) - t(rows)",
                  "excess = E[max of ep standard normals] * sqrt(local experts * variance of an expert's "
                  "rows + uneven) + "
                  "rows * (max over mean - 1)",
                  "uneven = (rows * deviation of popularity / mean)^2 / local experts * (1 - 1 / ep)",
                  "In words: every rank waits for the rank with the most rows."};
    add_tokens(study, e);
    add_routing(study, e);
    e.inputs.push_back(known("ep", study.scenario().layout.ep, "ranks", field("/layout/experts/ep")));
    e.inputs.push_back(known("E[max]", study.model.expected_max(), "", "of ep independent standard normals"));
    e.inputs.push_back(known("local experts", b.local_experts, "", "(routed + redundant) / ep"));
    e.inputs.push_back(known("row variance", b.expert_row_variance, "", "of one expert: binomial routing"));
    e.inputs.push_back(known("max over mean", s.max_over_mean, "", field("/routing/max_over_mean")));
    if (const PlacedLoad* placed = study.model.placed()) {
        e.equation = {"t = sum over expert GEMMs of t(rows + excess) - t(rows)",
                      "excess = rows * (E[max over ranks] / mean * max over mean - 1)",
                      "In words: every rank waits for the rank whose experts are chosen most, by popularity, "
                      "placement and chance."};
        e.inputs.push_back(
            known("E[max over ranks] / mean", placed->max_over_mean(b.group_tokens), "",
                  "of the load on its placement, for this many tokens: " + field("/routing/popularity")));
        e.inputs.push_back(known("without chance", placed->popular_max_over_mean(), "", "an endless batch"));
    } else {
        e.inputs.push_back(known("variance of popularity",
                                 study.model.draw() ? study.model.draw()->variation() : 0, "",
                                 field("/routing/popularity")));
        e.steps.push_back(
            known("deviation", spread, "rows", "by chance: sqrt(local experts * row variance)"));
    }
    e.steps.push_back(known("excess", excess, "rows", "of the busiest rank"));
    const std::vector<Lag> lags = lags_of(study, excess);
    for (const Lag& each : lags)
        e.steps.push_back(
            known(each.op + " lag", each.more.time, "its time at rows + excess, less its time"));
    const Estimate lag = sum_of(lags);
    e.steps.push_back(known("lag", lag.time, "their sum"));
    const Seconds stated = (study.result.times.straggler - 1) * study.stage(Stage::experts).time;
    e.result             = between(known("lag", stated, ""), lag.low.base(), lag.high.base());
    e.source             = name_of(lag.source);
    return e;
}

Explanation explain_gaps(const Study& study, const std::string& name) {
    const Figure<Seconds>& gap = study.scenario().engine.launch_gap;
    const Gaps g               = gaps_of(study);
    Explanation e{.op = name, .title = "between the kernels of one layer, all micro-batches"};
    e.equation = {"t = launch gap * kernels of a layer, stretched where communication slows the stage"};
    e.inputs   = {launch_gap(study.scenario()),
                  figure("extra small kernels", study.scenario().engine.extra_small_kernels,
                         "engine " + study.scenario().engine.name +
                             ", extra_small_kernels, counted in each attention half")};
    e.steps.push_back(known("kernels", g.kernels, "", "of one layer, all micro-batches"));
    e.steps.push_back(known("stretched", g.stretched, "", "each weighted by its stage's contention"));
    e.steps.push_back(known("gaps", g.stretched * gap.value, "launch gap * kernels"));
    const Seconds stated = study.part(LayerPart::launch_gaps);
    e.result             = between(known("gaps", stated, ""), stated.base() * (gap.low / gap.value),
                                   stated.base() * (gap.high / gap.value));
    e.source             = name_of(Source::fitted);
    return e;
}

}  // namespace isobath
