#include "sim/layout_check.h"

#include <fmt/format.h>

namespace isobath {
namespace {

void check_ranks(const Scenario& s, const Origin& origin) {
    const Layout& l = s.layout;
    const int gpus = s.cluster.gpus(), stage = gpus / l.pp;
    if (gpus % l.pp != 0) origin.fail("/layout/pp", fmt::format("{} stages do not divide {} GPUs", l.pp, gpus));
    const int attention = l.attention_tp * l.attention_dp * l.attention_cp;
    if (attention != stage)
        origin.fail("/layout/attention/dp",
                    fmt::format("tp {} x dp {} x cp {} = {} ranks, but a stage has {} GPUs; dp = {} would fit", l.attention_tp,
                                l.attention_dp, l.attention_cp, attention, stage,
                                std::max(1, stage / (l.attention_tp * l.attention_cp))));
    if (s.model.moe && l.ep * l.expert_tp != stage)
        origin.fail("/layout/experts/ep", fmt::format("ep {} x tp {} = {} ranks, but a stage has {} GPUs; ep = {} would fit",
                                                      l.ep, l.expert_tp, l.ep * l.expert_tp, stage,
                                                      std::max(1, stage / l.expert_tp)));
}

void check_heads(const Scenario& s, const Origin& origin) {
    if (s.model.attention.heads % s.layout.attention_tp != 0)
        origin.fail("/layout/attention/tp", fmt::format("{} does not divide {} heads", s.layout.attention_tp,
                                                        s.model.attention.heads));
}

void check_experts(const Scenario& s, const Origin& origin) {
    const Layout& l = s.layout;
    if (!s.model.moe) {
        if (l.ep != 1) origin.fail("/layout/experts/ep", fmt::format("{} has no experts; ep must be 1", s.model.name));
        return;
    }
    const int slots = s.model.moe->n_routed_experts + l.redundant;
    if (slots % l.ep != 0)
        origin.fail("/layout/experts/ep",
                    fmt::format("ep {} does not divide {} experts + {} redundant = {}; redundant = {} would fit", l.ep,
                                s.model.moe->n_routed_experts, l.redundant, slots,
                                l.redundant + l.ep - slots % l.ep));
    if (s.model.moe->moe_intermediate_size % l.expert_tp != 0)
        origin.fail("/layout/experts/tp", fmt::format("{} does not divide the expert width {}", l.expert_tp,
                                                      s.model.moe->moe_intermediate_size));
}

void check_comm(const Scenario& s, const Origin& origin) {
    const Layout& l      = s.layout;
    const bool exchange  = s.model.moe && l.attention_dp > 1;
    const bool two_batch = l.overlap == Overlap::two_batch || l.overlap == Overlap::two_batch_hook;
    if (exchange && l.comm == Comm::none)
        origin.fail("/layout/comm", "none, but experts live on other ranks; allowed: nccl, deepep-normal, deepep-low-latency, mnnvl");
    if (!exchange && l.comm != Comm::none && l.comm != Comm::nccl)
        origin.fail("/layout/comm", "an expert all-to-all needs experts and attention dp above 1; allowed: none, nccl");
    if (two_batch && !exchange) origin.fail("/layout/overlap", "two batches overlap an expert all-to-all; allowed: none");
    if (l.overlap == Overlap::two_batch_hook && l.comm != Comm::deepep_low_latency)
        origin.fail("/layout/overlap", "the receive hook exists in deepep-low-latency only; allowed with this comm: none, "
                                       "shared-expert, two-batch");
    if (l.overlap == Overlap::two_batch && l.comm == Comm::deepep_low_latency)
        origin.fail("/layout/overlap", "low-latency kernels overlap by their hook; allowed: none, shared-expert, two-batch-hook");
    if (l.comm_sms >= s.cluster.gpu.sm_count)
        origin.fail("/layout/comm_sms", fmt::format("{} leaves none of {} SMs", l.comm_sms, s.cluster.gpu.sm_count));
}

void check_speculation(const Scenario& s, const Origin& origin) {
    if (s.speculation.method == SpeculationMethod::mtp && s.model.num_nextn_predict_layers == 0)
        origin.fail("/speculation/method", fmt::format("{} ships no MTP module; allowed: none", s.model.name));
}

}  // namespace

void check_layout(const Scenario& s, const Origin& origin) {
    check_ranks(s, origin);
    check_heads(s, origin);
    check_experts(s, origin);
    check_comm(s, origin);
    check_speculation(s, origin);
}

}  // namespace isobath
