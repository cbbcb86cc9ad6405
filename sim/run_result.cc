#include "sim/run_result.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/memory_demand.h"
#include "sim/speculate/policy.h"

namespace isobath {
namespace {

/// The times that carry an interval, in a fixed order.
using Tracked = std::array<Seconds, 3 + kLayerPartCount>;

Tracked tracked(const StepTimes& t) {
    Tracked out{t.step, t.moe_layer + (t.moe_layer > Seconds{} ? Seconds{} : t.dense_layer), t.layers};
    std::copy(t.parts.begin(), t.parts.end(), out.begin() + 3);
    return out;
}

/// Root of the sum of squares, kept per tracked time.
struct Quadrature {
    Tracked squares{};

    void add(const Tracked& a, const Tracked& b) {
        for (std::size_t i = 0; i < a.size(); ++i) squares[i] += Seconds{std::pow((a[i] - b[i]).base(), 2)};
    }
    Seconds root(std::size_t i) const { return Seconds{std::sqrt(squares[i].base())}; }
};

/// Moves each family to both ends of its interval; families are independent, so their effects add in
/// quadrature.
void add_intervals(const StepModel& model, RunResult& r) {
    StepWorkspace work;
    const Tracked middle = tracked(r.times);
    Quadrature down, up;
    for (int f = 0; f < kFamilyCount; ++f) {
        Bend low{}, high{};
        low[static_cast<std::size_t>(f)]  = -1;
        high[static_cast<std::size_t>(f)] = +1;
        const StepTimes fast              = evaluate(model, r.input, work, low),
                        slow              = evaluate(model, r.input, work, high);
        r.sensitivity.push_back({static_cast<Family>(f), r.times.step - fast.step, slow.step - r.times.step});
        // A part may shrink when a family slows down (waiting does), so each side takes what lies on it.
        for (const Tracked& end : {tracked(fast), tracked(slow)}) {
            Tracked below = middle, above = middle;
            for (std::size_t i = 0; i < end.size(); ++i) (end[i] < middle[i] ? below : above)[i] = end[i];
            down.add(middle, below);
            up.add(above, middle);
        }
    }
    const auto range = [&](std::size_t i) {
        return Range{std::max(Seconds{}, middle[i] - down.root(i)), middle[i] + up.root(i)};
    };
    r.step_range   = range(0);
    r.layer_range  = range(1);
    r.layers_range = range(2);
    for (std::size_t i = 0; i < kLayerPartCount; ++i) r.part_ranges[i] = range(3 + i);
}

/// Passes of a draft that run the target's own kernels on the rows it verifies.
double passes_on_all(const DraftPlan& p) {
    if (p.kind != DraftKind::target_block) return 0;
    return p.later_rows == 0 ? p.passes : p.side_by_side;
}

/// Layers of each kind that one GPU runs in a step, drafts on the same rows counted with the kind they
/// repeat.
double runs_of(const Scenario& s, Stage stage) {
    const double batches = micro_batches(s.layout.overlap), drafts = passes_on_all(s.speculation.plan());
    const double layers = double(s.model.num_hidden_layers) / s.layout.pp;
    const double dense  = double(s.model.dense_layers()) / s.layout.pp;
    switch (stage) {
        case Stage::embed: return batches;
        case Stage::attention_in:
        case Stage::attention_out: return batches * (layers + drafts);
        case Stage::gate:
        case Stage::shared:
        case Stage::experts: return batches * (layers - dense + drafts);
        case Stage::dense_ffn: return batches * dense;
        case Stage::mtp_in: return batches * drafts;
        case Stage::head: return batches;
    }
    return 0;
}

const char* kind_of(Stage stage) {
    switch (stage) {
        case Stage::embed:
        case Stage::head: return "ends";
        case Stage::dense_ffn: return "dense";
        case Stage::mtp_in: return "mtp";
        case Stage::attention_in:
        case Stage::attention_out: return "all";
        default: return "moe";
    }
}

void add_transfers(RunResult& r) {
    const double runs     = runs_of(r.scenario, Stage::gate);
    const char* stream    = r.scenario.layout.comm == Comm::deepep_low_latency ? "network" : "comm";
    const ExchangeCost& x = r.exchange;
    r.ops.push_back({"dispatch",
                     "moe",
                     stream,
                     runs,
                     x.dispatch,
                     {Flops{}, x.dispatch_ports.rdma + x.dispatch_ports.nvlink, Math::bf16},
                     Bound::network});
    r.ops.push_back({"combine",
                     "moe",
                     stream,
                     runs,
                     x.combine,
                     {Flops{}, x.combine_ports.rdma + x.combine_ports.nvlink, Math::bf16},
                     Bound::network});
}

void add_draft_op(RunResult& r, const char* pass, const LayerOp& op, const OpCost& cost, double count) {
    r.ops.push_back({std::string(pass) + op.name, "mtp", "compute", count, cost.estimate, work_of(op.op),
                     cost.bound, op.op});
}

/// Heads that draft, and passes on rows of their own.
void add_draft_ops(RunResult& r) {
    const DraftPlan p    = r.scenario.speculation.plan();
    const double batches = micro_batches(r.scenario.layout.overlap);
    const double first   = p.later_rows == 0 ? p.passes : p.side_by_side;
    for (std::size_t i = 0; i < r.work.draft_ops.size(); ++i)
        add_draft_op(r, kFirstDraft, r.work.draft_ops[i], r.work.draft_costs[i], batches * first);
    if (p.kind == DraftKind::model) return;  // a model's kernels are listed by a run of its own
    for (std::size_t room = 0; room < r.work.passes.size(); ++room)
        for (std::size_t i = 0; i < r.work.passes[room].ops.size(); ++i)
            add_draft_op(r, room == 0 ? kLaterDraft : kFirstDraft, r.work.passes[room].ops[i],
                         r.work.passes[room].costs[i], batches * (room == 0 ? p.passes - 1 : 1));
}

void add_ops(RunResult& r) {
    for (std::size_t i = 0; i < r.work.ops.size(); ++i) {
        const LayerOp& op  = r.work.ops[i];
        const OpCost& cost = r.work.costs[i];
        r.ops.push_back({op.name, kind_of(op.stage), "compute", runs_of(r.scenario, op.stage), cost.estimate,
                         work_of(op.op), cost.bound, op.op});
    }
    if (r.exchanges) add_transfers(r);
    add_draft_ops(r);
}

StepInput input_of(const Scenario& s) {
    if (s.phase == Phase::decode) return {s.workload.batch_per_gpu, s.workload.context};
    if (s.phase == Phase::prefill) return {s.workload.batch_per_gpu, s.workload.isl};
    fail_at(
        s.file, "/phase",
        "\"train\" has a command of its own: isobath train SCENARIO; allowed here: decode, prefill, serve");
}

RunResult run_step(const Scenario& scenario, const StepInput& input, const DataFiles& data) {
    const StepModel model(scenario, data);
    RunResult r;
    r.scenario = scenario;
    r.asked    = scenario;
    r.input    = input;
    if (scenario.phase == Phase::decode || scenario.phase == Phase::serve)
        r.input.load = load_of(model, r.input, r.work);
    r.times     = evaluate(model, r.input, r.work);
    r.exchanges = model.exchange();
    r.exchange  = r.work.exchange;
    add_intervals(model, r);
    add_ops(r);
    r.memory = memory_of(model.weights(), memory_demand(scenario, r.work.batch, r.input));
    r.fits   = r.memory.fits;
    if (!r.fits) r.advice = fit_advice(model, r.input);
    static_cast<Rates&>(r) = rates_of(scenario, r.input, r.times.step);
    return r;
}

/// What users of a server feel replaces what one step alone would mean to them.
void add_served(const ServedResult& served, RunResult& r) {
    const double usd                = r.usd_per_hour / r.scenario.cluster.gpus();
    const double isl                = r.asked.workload.isl / r.asked.workload.osl;
    r.served                        = served;
    r.tpot                          = served.tpot.time;
    r.ttft                          = served.ttft.time;
    r.output_tokens_per_s_gpu       = served.output_tokens_per_s_gpu;
    r.input_tokens_per_s_gpu        = served.output_tokens_per_s_gpu * isl;
    r.usd_per_hour                  = usd * served.gpus;
    r.usd_per_million_output_tokens = usd / 3600 / served.output_tokens_per_s_gpu * 1e6;
}

/// The decode unit at the batch that the closed loop settles at.
Scenario settled(const Scenario& s, const ServedResult& served, const DataFiles& data) {
    Scenario decode = serving_units(s, data).decode.scenario;
    decode.name     = s.name;
    decode.file     = s.file;
    decode.workload.batch_per_gpu =
        served.loop.running / (decode.layout.attention_tp * decode.layout.attention_cp);
    decode.workload.context = s.workload.mean_prompt() + s.workload.mean_answer() / 2;
    return decode;
}

RunResult run_served(const Scenario& asked, const DataFiles& data) {
    const Scenario s          = in_closed_form(asked, data);
    const ServedResult served = predict_served(s, data);
    const Scenario decode     = settled(s, served, data);
    RunResult r               = run_step(decode, input_of(decode), data);
    r.asked                   = s;
    add_served(served, r);
    return r;
}

}  // namespace

Scenario step_of(const Scenario& scenario, const DataFiles& data) {
    return scenario.phase == Phase::serve ? settled(scenario, predict_served(scenario, data), data)
                                          : scenario;
}

RunResult run_scenario(const Scenario& scenario, const DataFiles& data) {
    return scenario.phase == Phase::serve ? run_served(scenario, data)
                                          : run_step(scenario, input_of(scenario), data);
}

}  // namespace isobath
