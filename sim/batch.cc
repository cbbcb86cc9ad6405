#include "sim/batch.h"

#include <cmath>

#include "sim/plan_layers.h"

namespace isobath {
namespace {

void route(const Scenario& s, bool exchange, double received_per_token, Batch& b) {
    const MoeSpec& moe   = *s.model.moe;
    const Layout& l      = s.layout;
    const bool dedicated = l.shared == SharedExperts::dedicated;
    // A shared expert on ranks of its own is one more expert that every token chooses.
    const double chosen   = moe.num_experts_per_tok + (dedicated ? moe.n_shared_experts : 0);
    const double slots    = moe.n_routed_experts + l.redundant;
    b.moe_tokens          = exchange ? b.tokens / l.attention_tp : b.tokens;
    const double all      = exchange ? b.moe_tokens * l.ep * l.expert_tp : b.tokens;
    b.local_experts       = static_cast<int>(slots) / l.ep;
    b.expert_rows         = all * chosen / l.ep;
    const double chance   = chosen / slots;
    b.expert_row_variance = all * chance * (1 - chance);
    b.hottest_rows        = b.expert_rows;
    b.active_experts      = b.local_experts * (1 - std::pow(1 - chance, all));
    b.group_tokens        = all;
    b.received_tokens     = exchange ? b.moe_tokens * received_per_token : b.tokens;
}

}  // namespace

Batch batch_of(const Scenario& s, bool exchange, double batch_per_gpu, double context, double s_q,
               double received_per_token) {
    const Layout& l   = s.layout;
    const bool decode = s.phase != Phase::prefill;
    Batch b;
    b.pass     = decode ? Pass::decode : Pass::prefill;
    b.requests = batch_per_gpu * l.attention_tp * l.attention_cp / micro_batches(l.overlap);
    b.s_q      = static_cast<int>(std::ceil(s_q - 1e-9));
    b.q_len    = decode ? 0 : context / l.attention_cp;
    b.context  = context;
    b.tokens   = decode ? b.requests * s_q : b.requests * b.q_len;
    if (s.model.moe) route(s, exchange, received_per_token, b);
    return b;
}

}  // namespace isobath
