#include "sim/run_result.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/memory_demand.h"

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

/// Layers of each kind that one GPU runs in a step, drafts counted with the kind they repeat.
double runs_of(const Scenario& s, Stage stage) {
    const double batches = micro_batches(s.layout.overlap), drafts = s.speculation.drafts();
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
        case Stage::head: return batches * (1 + drafts);
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

void add_ops(RunResult& r) {
    for (std::size_t i = 0; i < r.work.ops.size(); ++i) {
        const LayerOp& op  = r.work.ops[i];
        const OpCost& cost = r.work.costs[i];
        r.ops.push_back({op.name, kind_of(op.stage), "compute", runs_of(r.scenario, op.stage), cost.estimate,
                         work_of(op.op), cost.bound});
    }
    if (r.exchanges) add_transfers(r);
}

/// Serving in a closed loop: `concurrency` requests in flight decode together, spread evenly over the GPUs,
/// each halfway through its answer on average.
StepInput input_of(const Scenario& s) {
    const Workload& w = s.workload;
    switch (s.phase) {
        case Phase::decode: return {w.batch_per_gpu, w.context};
        case Phase::prefill: return {w.batch_per_gpu, w.isl};
        case Phase::serve: return {w.concurrency / s.cluster.gpus(), w.isl + w.osl / 2};
        case Phase::train: break;
    }
    fail_at(
        s.file, "/phase",
        "\"train\" has a command of its own: isobath train SCENARIO; allowed here: decode, prefill, serve");
}

}  // namespace

RunResult run_scenario(const Scenario& scenario, const DataFiles& data) {
    const StepInput input = input_of(scenario);
    const StepModel model(scenario, data);
    RunResult r;
    r.scenario  = scenario;
    r.input     = input;
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

}  // namespace isobath
