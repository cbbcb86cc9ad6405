#include "sim/serve/unit_steps.h"

#include <algorithm>
#include <bit>

namespace isobath {
namespace {

/// Of one attention rank -> of one of its GPUs.
double per_gpu(const Scenario& s, double requests) {
    return requests / (s.layout.attention_tp * s.layout.attention_cp);
}

double nanoseconds(Seconds time) {
    return time.in(unit::ns);
}

}  // namespace

Seconds decode_step(const StepModel& m, double requests, double cache, StepWorkspace& work,
                    const Bend& bend) {
    const Scenario& s = m.scenario();
    // A unit is never emptier than one request on one of its ranks.
    const double n = std::max(requests, 1.0 / s.layout.attention_dp);
    return evaluate(m, {per_gpu(s, n), std::max(1.0, cache / n)}, work, bend).step;
}

Seconds prefill_step(const StepModel& m, double tokens, double context, StepWorkspace& work,
                     const Bend& bend) {
    const Scenario& s   = m.scenario();
    const double length = std::max(1.0, 2 * context), prompts = std::max(1.0, tokens) / length;
    const StepTimes t = evaluate(m, {per_gpu(s, prompts), length}, work, bend);
    return t.step - t.host + s.engine.prefill_step_overhead.value;
}

namespace {

/// Nodes at powers of two and their eighths, from one request in the whole unit or less up.
GridTable decode_grid(const StepModel& m, const StepBox& box) {
    StepWorkspace work;
    const double one = 1.0 / std::bit_ceil(static_cast<unsigned>(m.scenario().layout.attention_dp));
    return {{box.requests, 3, one}, {box.cache, 2, 1024}, [&](double requests, double cache) {
                return nanoseconds(decode_step(m, requests, cache, work));
            }};
}

GridTable prefill_grid(const StepModel& m, const StepBox& box) {
    StepWorkspace work;
    return {{box.tokens, 4, 1}, {box.context, 1, 32}, [&](double tokens, double context) {
                return nanoseconds(prefill_step(m, tokens, context, work));
            }};
}

}  // namespace

StepTable step_table_of(const StepModel* decode, const StepModel* prefill, const StepBox& box) {
    const double rows = decode ? 1 + decode->scenario().speculation.drafts() : 1;
    return {decode ? decode_grid(*decode, box) : GridTable{},
            prefill ? prefill_grid(*prefill, box) : GridTable{}, rows};
}

}  // namespace isobath
