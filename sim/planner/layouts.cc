#include "sim/planner/layouts.h"

#include <cmath>

#include "sim/planner/bases.h"

namespace isobath {
namespace {

bool deep_ep(Comm c) {
    return c == Comm::deepep_normal || c == Comm::deepep_low_latency;
}

/// Ranks and nodes; fills in dp and expert tp.
bool divides(const ClusterChoice& c, int gpus, Layout& l) {
    const int node = c.gpus_per_node;
    if (gpus > node && gpus % node != 0) return false;
    if (gpus % l.pp != 0) return false;
    const int stage = gpus / l.pp, split = l.attention_tp * l.attention_cp;
    if (stage % split != 0 || stage % l.ep != 0) return false;
    l.attention_dp = stage / split;
    l.expert_tp    = stage / l.ep;
    return true;
}

bool model_divides(const Scenario& s, const Layout& l) {
    const AttentionSpec& a = s.model.attention;
    const int tp           = l.attention_tp;
    if (l.pp > s.model.num_hidden_layers || a.heads % tp != 0) return false;
    if (a.kind != AttentionKind::mla && a.kv_heads % tp != 0 && tp % a.kv_heads != 0) return false;
    return s.model.dense_layers() == 0 || s.model.intermediate_size % tp == 0;
}

bool experts_divide(const Scenario& s, const Layout& l) {
    const MoeSpec& moe = *s.model.moe;
    return (moe.n_routed_experts + l.redundant) % l.ep == 0 && moe.moe_intermediate_size % l.expert_tp == 0;
}

/// The first way to communicate of the list that a layout without an exchange may name.
bool first_without_exchange(const PlanSpace& p, Comm comm) {
    for (const Comm c : p.comms)
        if (c == Comm::none || c == Comm::nccl) return c == comm;
    return false;
}

std::optional<Excluded> refuse_exchange(const PlanSpace& p, const ClusterChoice& c, const Scenario& s,
                                        const Layout& l) {
    const bool exchange  = s.model.moe && l.attention_dp > 1;
    const bool two_batch = l.overlap == Overlap::two_batch || l.overlap == Overlap::two_batch_hook;
    if (!exchange) {
        if (l.comm != Comm::none && l.comm != Comm::nccl) return Excluded::no_exchange;
        if (two_batch) return Excluded::no_exchange;
        if (!first_without_exchange(p, l.comm)) return Excluded::same;
        return std::nullopt;
    }
    const bool low = l.comm == Comm::deepep_low_latency;
    if (l.comm == Comm::none) return Excluded::no_exchange;
    if ((l.overlap == Overlap::two_batch_hook) != low && two_batch) return Excluded::no_exchange;
    if (l.comm == Comm::mnnvl && l.ep * l.expert_tp > c.nvlink_domain) return Excluded::no_library;
    return std::nullopt;
}

}  // namespace

std::optional<Excluded> refuse(const PlanSpace& p, const ClusterChoice& c, const Scenario& s, int gpus,
                               Layout& l) {
    if (!divides(c, gpus, l) || !model_divides(s, l)) return Excluded::indivisible;
    if (gpus > c.nvlink_domain && !c.network) return Excluded::no_library;
    if (!s.model.moe && (l.ep > 1 || l.redundant > 0)) return Excluded::indivisible;
    if (!s.model.moe) l.expert_tp = 1;
    if (s.model.moe && !experts_divide(s, l)) return Excluded::indivisible;
    if (const auto why = refuse_exchange(p, c, s, l)) return why;
    if (l.redundant > 0 && l.ep == 1) return Excluded::same;  // every rank holds a share of all experts
    if (l.overlap == Overlap::shared_expert && (!s.model.moe || s.model.moe->n_shared_experts == 0))
        return Excluded::same;
    if (p.default_ep && l.expert_tp > 1 && (l.ep > 1 || (l.attention_dp > 1 && deep_ep(l.comm))))
        return Excluded::left_out;
    return std::nullopt;
}

namespace {

template <class F>
void each_raw(const PlanSpace& p, const Layout& own, F f) {
    Layout l       = own;
    const auto put = [](double value) { return static_cast<int>(value); };
    for (const double gpus : p.unit_gpus)
        for (const double pp : p.pp)
            for (const double tp : p.tp)
                for (const double cp : p.cp)
                    for (const double ep : p.ep)
                        for (const double redundant : p.redundant)
                            for (const Comm comm : p.comms)
                                for (const Overlap overlap : p.overlaps) {
                                    l.pp           = put(pp);
                                    l.attention_tp = put(tp);
                                    l.attention_cp = put(cp);
                                    l.ep           = put(ep);
                                    l.redundant    = put(redundant);
                                    l.comm         = comm;
                                    l.overlap      = overlap;
                                    f(put(gpus), l);
                                }
}

void fill(const Scenario& s, int max_gpus, const PlanSpace& p, ClusterChoice& c) {
    const Layout own;
    each_raw(p, own, [&](int gpus, const Layout& raw) {
        Layout l       = raw;
        const auto why = gpus > max_gpus ? Excluded::gpus : refuse(p, c, s, gpus, l);
        if (why)
            c.refused[static_cast<std::size_t>(*why)] += 1;
        else
            c.layouts.push_back({l, gpus});
    });
}

}  // namespace

void add_clusters(const Scenario& s, const DataFiles& data, PlanSpace& p) {
    const int most                 = s.plan.max_gpus > 0 ? s.plan.max_gpus : s.cluster.gpus();
    std::vector<std::string> names = s.plan.space.clusters;
    if (names.empty()) names.emplace_back();
    for (const std::string& name : names) {
        const Scenario on = base_scenario(s, {name, s.precision_text.json, {}}, data);
        ClusterChoice c{name,
                        on.cluster.gpu.title,
                        on.cluster.gpus_per_node,
                        on.cluster.nvlink_domain,
                        on.cluster.nic.bandwidth > BytesPerSecond{},
                        0,
                        on.cluster.gpu.watts,
                        {},
                        {}};
        c.usd = s.usd_per_gpu_hour >= 0 && names.size() == 1 ? s.usd_per_gpu_hour
                                                             : on.cluster.gpu.usd_per_gpu_hour;
        fill(s, most, p, c);
        p.clusters.push_back(std::move(c));
    }
}

}  // namespace isobath
