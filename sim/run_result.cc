#include "sim/run_result.h"

#include <cmath>

#include "sim/memory_demand.h"

namespace isobath {
namespace {

/// Moves each family to both ends of its interval; families are independent, so their effects add in quadrature.
void add_intervals(const StepModel& model, RunResult& r) {
    StepWorkspace work;
    double down = 0, up = 0, layer_down = 0, layer_up = 0;
    const auto square = [](Seconds s) { return s.base() * s.base(); };
    for (int f = 0; f < kFamilyCount; ++f) {
        Bend low{}, high{};
        low[static_cast<std::size_t>(f)]  = -1;
        high[static_cast<std::size_t>(f)] = +1;
        const StepTimes fast = evaluate(model, r.input, work, low), slow = evaluate(model, r.input, work, high);
        r.sensitivity.push_back({static_cast<Family>(f), r.times.step - fast.step, slow.step - r.times.step});
        down += square(r.times.step - fast.step);
        up += square(slow.step - r.times.step);
        layer_down += square(r.times.moe_layer - fast.moe_layer);
        layer_up += square(slow.moe_layer - r.times.moe_layer);
    }
    r.step_range  = {r.times.step - Seconds{std::sqrt(down)}, r.times.step + Seconds{std::sqrt(up)}};
    r.layer_range = {r.times.moe_layer - Seconds{std::sqrt(layer_down)}, r.times.moe_layer + Seconds{std::sqrt(layer_up)}};
}

/// Layers of each kind that one GPU runs in a step, drafts counted with the kind they repeat.
double runs_of(const Scenario& s, Stage stage) {
    const double batches = micro_batches(s.layout.overlap), drafts = s.speculation.drafts();
    const double layers  = double(s.model.num_hidden_layers) / s.layout.pp;
    const double dense   = double(s.model.dense_layers()) / s.layout.pp;
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
    const double runs   = runs_of(r.scenario, Stage::gate);
    const char* stream  = r.scenario.layout.comm == Comm::deepep_low_latency ? "network" : "comm";
    const ExchangeCost& x = r.exchange;
    r.ops.push_back({"dispatch", "moe", stream, runs, x.dispatch,
                     {Flops{}, x.dispatch_ports.rdma + x.dispatch_ports.nvlink, Math::bf16}, Bound::network});
    r.ops.push_back({"combine", "moe", stream, runs, x.combine,
                     {Flops{}, x.combine_ports.rdma + x.combine_ports.nvlink, Math::bf16}, Bound::network});
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

void add_rates(RunResult& r) {
    const Scenario& s   = r.scenario;
    const double step_s = r.times.step.in(unit::s);
    r.tokens_per_step   = s.speculation.tokens_per_step();
    const double usd    = s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
    r.usd_per_hour      = usd * s.cluster.gpus();
    const double per_second = usd / 3600;
    if (s.phase == Phase::prefill) {
        r.input_tokens_per_s_gpu       = r.input.batch_per_gpu * r.input.context / step_s;
        r.ttft                         = r.times.step;
        r.usd_per_million_input_tokens = per_second / r.input_tokens_per_s_gpu * 1e6;
        return;
    }
    r.output_tokens_per_s_gpu       = r.input.batch_per_gpu * r.tokens_per_step / step_s;
    r.tpot                          = r.times.step / r.tokens_per_step;
    r.usd_per_million_output_tokens = per_second / r.output_tokens_per_s_gpu * 1e6;
}

}  // namespace

double Speculation::tokens_per_step() const {
    double sum = 1;
    for (const double s : survival) sum += s;
    return sum;
}

RunResult run_scenario(const Scenario& scenario, const DataFiles& data) {
    const StepModel model(scenario, data);
    RunResult r;
    r.scenario  = scenario;
    const Workload& w = scenario.workload;
    r.input     = {w.batch_per_gpu, scenario.phase == Phase::prefill ? w.isl : w.context};
    r.times     = evaluate(model, r.input, r.work);
    r.exchanges = model.exchange();
    r.exchange  = r.work.exchange;
    add_intervals(model, r);
    add_ops(r);
    r.memory = memory_of(model.weights(), memory_demand(scenario, r.work.batch, r.input));
    r.fits   = r.memory.fits;
    add_rates(r);
    return r;
}

}  // namespace isobath
