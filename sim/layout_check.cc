#include "sim/layout_check.h"

#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/comm_choice.h"
#include "sim/speculate/policy.h"

namespace isobath {
namespace {

/// Tokens (or rows) of one step on one rank: above it, counts of tiles would leave 53 bits.
constexpr double kMostTokens = 1e9;

/// "dp = 16 would fit", where a whole number does.
std::string remedy(const char* key, int ranks, std::int64_t taken) {
    if (taken > ranks || ranks % taken != 0) return "";
    return fmt::format("; {} = {} would fit", key, ranks / taken);
}

void check_ranks(const Scenario& s, const Origin& origin) {
    const Layout& l = s.layout;
    const int gpus = s.cluster.gpus(), stage = gpus / l.pp;
    if (gpus % l.pp != 0)
        origin.fail("/layout/pp", fmt::format("{} stages do not divide {} GPUs", l.pp, gpus));
    const std::int64_t split     = std::int64_t{l.attention_tp} * l.attention_cp,
                       attention = split * l.attention_dp;
    if (attention != stage)
        origin.fail(
            "/layout/attention/dp",
            fmt::format("tp {} x dp {} x cp {} = {} ranks, but a stage has {} GPUs{}", l.attention_tp,
                        l.attention_dp, l.attention_cp, attention, stage, remedy("dp", stage, split)));
    const std::int64_t experts = std::int64_t{l.ep} * l.expert_tp;
    if (s.phase == Phase::train) {  // expert groups repeat over the data-parallel ranks
        if (s.model.moe && stage % experts != 0)
            origin.fail("/layout/experts/ep",
                        fmt::format("ep {} x tp {} = {} ranks do not divide a stage's {} GPUs", l.ep,
                                    l.expert_tp, experts, stage));
        return;
    }
    if (s.model.moe && experts != stage)
        origin.fail("/layout/experts/ep",
                    fmt::format("ep {} x tp {} = {} ranks, but a stage has {} GPUs{}", l.ep, l.expert_tp,
                                experts, stage, remedy("ep", stage, l.expert_tp)));
}

void check_stages(const Scenario& s, const Origin& origin) {
    if (s.layout.pp > s.model.num_hidden_layers)
        origin.fail("/layout/pp",
                    fmt::format("{} stages, but {} has {} layers; allowed: 1 to {}", s.layout.pp,
                                s.model.name, s.model.num_hidden_layers, s.model.num_hidden_layers));
}

void check_heads(const Scenario& s, const Origin& origin) {
    const AttentionSpec& a = s.model.attention;
    const int tp           = s.layout.attention_tp;
    if (a.heads % tp != 0)
        origin.fail("/layout/attention/tp", fmt::format("{} does not divide {} heads", tp, a.heads));
    if (a.kind != AttentionKind::mla && a.kv_heads % tp != 0 && tp % a.kv_heads != 0)
        origin.fail("/layout/attention/tp",
                    fmt::format("{} neither divides {} kv heads nor is a multiple of them", tp, a.kv_heads));
    if (s.model.dense_layers() > 0 && s.model.intermediate_size % tp != 0)
        origin.fail("/layout/attention/tp", fmt::format("{} does not divide the dense FFN's width {}", tp,
                                                        s.model.intermediate_size));
}

void check_dense(const Scenario& s, const Origin& origin) {
    const Layout& l = s.layout;
    const auto need = [&](int value, int only, const char* path) {
        if (value != only)
            origin.fail(path, fmt::format("{} has no experts; allowed: {}", s.model.name, only));
    };
    need(l.ep, 1, "/layout/experts/ep");
    need(l.expert_tp, 1, "/layout/experts/tp");
    need(l.redundant, 0, "/layout/experts/redundant");
}

void check_shared(const Scenario& s, const Origin& origin) {
    if (s.layout.shared != SharedExperts::dedicated) return;
    if (s.model.moe->n_shared_experts == 0)
        origin.fail("/layout/experts/shared",
                    fmt::format("{} has no shared experts; allowed: replicated", s.model.name));
    const MoeSpec& moe = *s.model.moe;
    const int within   = (moe.n_routed_experts + s.layout.redundant) / moe.n_group * moe.topk_group;
    if (moe.num_experts_per_tok + moe.n_shared_experts > within)
        origin.fail(
            "/layout/experts/shared",
            fmt::format("dedicated makes {} experts of a token, but its groups hold {}; allowed: replicated",
                        moe.num_experts_per_tok + moe.n_shared_experts, within));
    if (!s.exchanges())
        origin.fail("/layout/experts/shared",
                    "dedicated ranks need tokens that travel, so attention dp above 1; "
                    "allowed: replicated");
}

void check_experts(const Scenario& s, const Origin& origin) {
    const Layout& l    = s.layout;
    const MoeSpec& moe = *s.model.moe;
    const int slots    = moe.n_routed_experts + l.redundant;
    if (slots % l.ep != 0)
        origin.fail(
            "/layout/experts/ep",
            fmt::format("ep {} does not divide {} experts + {} redundant = {}; redundant = {} would fit",
                        l.ep, moe.n_routed_experts, l.redundant, slots, l.redundant + l.ep - slots % l.ep));
    if (moe.moe_intermediate_size % l.expert_tp != 0)
        origin.fail("/layout/experts/tp", fmt::format("{} does not divide the expert width {}", l.expert_tp,
                                                      moe.moe_intermediate_size));
    check_shared(s, origin);
}

void check_comm(const Scenario& s, const Origin& origin) {
    const Layout& l = s.layout;
    if (s.exchanges() && l.comm == Comm::none)
        origin.fail(
            "/layout/comm",
            "none, but experts live on other ranks; allowed: nccl, deepep-normal, deepep-low-latency, mnnvl");
    if (!s.exchanges() && l.comm != Comm::none && l.comm != Comm::nccl)
        origin.fail("/layout/comm",
                    "an expert all-to-all needs experts and attention dp above 1; allowed: none, nccl");
    if (l.comm_sms >= s.cluster.gpu.sm_count)
        origin.fail("/layout/comm_sms", fmt::format("{} leaves none of {} SMs; allowed: 0 to {}", l.comm_sms,
                                                    s.cluster.gpu.sm_count, s.cluster.gpu.sm_count - 1));
}

void check_overlap(const Scenario& s, const Origin& origin) {
    const Layout& l      = s.layout;
    const bool low       = l.comm == Comm::deepep_low_latency;
    const bool two_batch = l.overlap == Overlap::two_batch || l.overlap == Overlap::two_batch_hook;
    if (two_batch && !s.exchanges())
        origin.fail("/layout/overlap",
                    "two batches overlap an expert all-to-all, and this layout has none; allowed: none, "
                    "shared-expert");
    if (l.overlap == Overlap::two_batch_hook && !low)
        origin.fail("/layout/overlap",
                    "the receive hook exists in deepep-low-latency only; allowed with this comm: none, "
                    "shared-expert, two-batch");
    if (l.overlap == Overlap::two_batch && low)
        origin.fail(
            "/layout/overlap",
            "low-latency kernels overlap by their hook; allowed: none, shared-expert, two-batch-hook");
}

void check_tree(const Scenario& s, const Origin& origin) {
    const Speculation& spec = s.speculation;
    if (spec.nodes == 0) return;
    if (spec.method != SpeculationMethod::eagle && spec.method != SpeculationMethod::medusa)
        origin.fail("/speculation/tree/nodes",
                    "a tree of candidates needs method eagle or medusa; allowed here: 0");
    if (spec.nodes < spec.depth)
        origin.fail("/speculation/tree/nodes",
                    fmt::format("{} nodes cannot reach a depth of {}", spec.nodes, spec.depth));
}

void check_threshold(const Scenario& s, const Origin& origin) {
    const std::optional<Threshold> t = parse_threshold(s.threshold);
    if (!t)
        origin.fail("/speculation/threshold",
                    "\"" + clipped(s.threshold) +
                        "\": not known; allowed: none, static:TAU (TAU from 0 to 1), adaptive");
    if (t->kind == ThresholdKind::none) return;
    if (s.phase != Phase::decode)
        origin.fail("/speculation/threshold", "a threshold is for decode steps; allowed in this phase: none");
    if (s.speculation.nodes > 0)
        origin.fail("/speculation/threshold", "a threshold cuts chains; allowed with a tree: none");
}

/// The model that drafts lies on the target's ranks.
void check_draft_model(const ModelSpec& m, const Layout& l, const Origin& origin) {
    const char* path = "/speculation/draft_model";
    if (m.attention.heads % l.attention_tp != 0)
        origin.fail(
            path, fmt::format("its {} heads do not divide over {} ranks", m.attention.heads, l.attention_tp));
    if (m.moe && (m.moe->n_routed_experts + l.redundant) % l.ep != 0)
        origin.fail(path, fmt::format("its {} experts and {} redundant ones do not divide over {} ranks",
                                      m.moe->n_routed_experts, l.redundant, l.ep));
    if (m.moe && m.moe->moe_intermediate_size % l.expert_tp != 0)
        origin.fail(path, fmt::format("its experts' width {} does not divide over {} ranks",
                                      m.moe->moe_intermediate_size, l.expert_tp));
}

void check_speculation(const Scenario& s, const Origin& origin) {
    if (s.speculation.method == SpeculationMethod::mtp && s.model.num_nextn_predict_layers == 0)
        origin.fail("/speculation/method",
                    fmt::format("{} ships no MTP module; allowed: none", s.model.name));
    if (!s.speculation.on()) return;
    check_tree(s, origin);
    check_threshold(s, origin);
    if (s.speculation.method == SpeculationMethod::eagle && s.model.intermediate_size == 0)
        origin.fail("/speculation/method",
                    s.model.name + " names no intermediate_size for EAGLE's dense layer");
    if (s.speculation.draft_model) check_draft_model(*s.speculation.draft_model, s.layout, origin);
}

bool has_rate(ArrivalProcess p) {
    return p != ArrivalProcess::closed && p != ArrivalProcess::trace;
}

void check_arrivals(const Workload& w, const Origin& origin) {
    const Arrivals& a = w.arrivals;
    if (a.process == ArrivalProcess::closed && !(w.concurrency > 0))
        origin.fail("/workload/concurrency", "missing; requests in flight over the whole cluster, above 0");
    if (has_rate(a.process) && !(a.rate > 0))
        origin.fail("/workload/arrivals/rate", "missing; requests per second, above 0");
    if (has_rate(a.process) && !(w.requests > 0) && !(w.duration > Seconds{}))
        origin.fail("/workload/duration", "missing; allowed: a duration above 0 s, or /workload/requests");
    if (a.process == ArrivalProcess::trace && a.trace.empty())
        origin.fail("/workload/arrivals/trace", "missing; the file of recorded requests");
    if (w.requests != std::floor(w.requests))
        origin.fail("/workload/requests", fmt::format("expected a whole number, got {}", w.requests));
}

/// Requests of every rank that shares them meet on one; each brings its prompt, or a token and its drafts.
void check_workload(const Scenario& s, const Origin& origin) {
    const Layout& l       = s.layout;
    const double requests = s.workload.batch_per_gpu * l.attention_tp * l.attention_cp;
    const bool prefill    = s.phase == Phase::prefill;
    const double tokens   = requests * (prefill ? s.workload.isl : 1 + s.speculation.drafts());
    const double attended = requests * (prefill ? s.workload.isl : s.workload.context);
    if (tokens > kMostTokens || attended > 1e6 * kMostTokens)
        origin.fail(
            "/workload/batch_per_gpu",
            fmt::format("{:g} requests are {:g} tokens in one step; allowed: up to {:g}, attending to {:g}",
                        s.workload.batch_per_gpu, tokens, kMostTokens, 1e6 * kMostTokens));
    if (s.phase == Phase::serve) check_arrivals(s.workload, origin);
}

}  // namespace

void check_layout(const Scenario& s, const DataFiles& data, const Origin& origin) {
    if (s.phase == Phase::serve && s.has_units()) {  // each unit is checked as it is built
        check_workload(s, origin);
        return;
    }
    check_ranks(s, origin);
    check_stages(s, origin);
    check_heads(s, origin);
    s.model.moe ? check_experts(s, origin) : check_dense(s, origin);
    check_comm(s, origin);
    check_overlap(s, origin);
    check_comm_library(s, data, origin);
    check_speculation(s, origin);
    check_workload(s, origin);
}

}  // namespace isobath
