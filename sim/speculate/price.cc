// One choice at one batch.
#include <cmath>

#include "sim/speculate/speculate.h"

namespace isobath {
SpeculatePoint price(const StepModel& model, const ContextCurves& contexts, const Threshold& threshold,
                     const StepInput& asked, StepWorkspace& work) {
    const Speculation& s = model.scenario().speculation;
    StepInput input      = asked;
    if (s.on()) input.load = load_of(model, contexts, threshold, asked, work);
    const StepTimes t = evaluate(model, input, work);
    SpeculatePoint p;
    p.choice         = {model.scenario().precision.name, s.on() ? s.depth : 0, threshold};
    p.batch          = asked.batch_per_gpu;
    p.verified       = input.load ? input.load->verified : s.drafts();
    p.tokens.value   = input.load ? 1 + input.load->accepted : s.on() ? s.tokens_per_step() : 1;
    p.step.value     = t.step.base();
    p.drafts         = t.drafts.base();
    p.per_user.value = p.tokens.value / p.step.value;
    p.per_gpu.value  = p.per_user.value * p.batch;
    return p;
}

}  // namespace isobath
