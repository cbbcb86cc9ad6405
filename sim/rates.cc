#include "sim/rates.h"

namespace isobath {

DraftPlan Speculation::plan() const {
    if (!on()) return {};
    switch (method) {
        case SpeculationMethod::mtp: return mtp_plan(depth, modules == DraftModules::trained);
        case SpeculationMethod::parallel_heads: return parallel_heads_plan(depth);
        case SpeculationMethod::medusa: return medusa_plan(depth, nodes);
        case SpeculationMethod::eagle: return eagle_plan(depth, width, nodes);
        case SpeculationMethod::draft_model: return model_plan(depth);
        case SpeculationMethod::none: break;
    }
    return {};
}

double Speculation::tokens_per_step() const {
    if (tree_accepted >= 0 && on()) return 1 + tree_accepted;
    double sum = 1;
    for (const double s : survival) sum += s;
    return sum;
}

Rates rates_of(const Scenario& s, const StepInput& input, Seconds step) {
    Rates r;
    const double step_s     = step.in(unit::s);
    const double usd        = s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
    const double per_second = usd / 3600;
    r.tokens_per_step       = input.load ? 1 + input.load->accepted : s.speculation.tokens_per_step();
    r.usd_per_hour          = usd * s.cluster.gpus();
    if (s.phase == Phase::prefill) {
        r.input_tokens_per_s_gpu       = input.batch_per_gpu * input.context / step_s;
        r.ttft                         = step;
        r.usd_per_million_input_tokens = per_second / r.input_tokens_per_s_gpu * 1e6;
        return r;
    }
    r.output_tokens_per_s_gpu       = input.batch_per_gpu * r.tokens_per_step / step_s;
    r.tpot                          = step / r.tokens_per_step;
    r.usd_per_million_output_tokens = per_second / r.output_tokens_per_s_gpu * 1e6;
    return r;
}

}  // namespace isobath
