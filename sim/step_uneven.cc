// Experts that are not chosen alike, by chance or by popularity: rows and time of the rank that has most.
#include <algorithm>
#include <cmath>

#include "sim/step_evaluation.h"

namespace isobath {

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

// What a fused group of experts meets on the rank that all others wait for: its rows, and how many of
// its experts any token chose.
void Evaluation::crowd() {
    Batch& b           = w_.batch;
    const double local = b.local_experts;
    if (m_.placed())
        b.expert_row_variance += std::pow(b.expert_rows / local, 2) * m_.placed()->slot_variation();
    b.hottest_rows += excess_rows(m_, b);
    if (!m_.fused_experts()) return;
    const double share  = m_.placed() ? m_.placed()->share_hit(b.group_tokens)
                          : m_.draw() ? m_.draw()->share_hit(b.group_tokens)
                                      : b.active_experts / local;
    const double spread = std::sqrt(local * share * (1 - share) * (1 - 1.0 / s_.layout.ep));
    b.active_experts    = std::min(local, local * share + m_.expected_max() * spread);
}

// What the experts of a rank with `excess` rows more take beyond the mean rank's. A fused group is the
// busiest rank's already.
Seconds Evaluation::lag_of(double excess) const {
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

}  // namespace isobath
