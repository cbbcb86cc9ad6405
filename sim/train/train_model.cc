#include "sim/train/train_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/streaming.h"
#include "sim/comm_choice.h"

namespace isobath {
namespace {

constexpr std::size_t at(Family f) {
    return static_cast<std::size_t>(f);
}

Seconds bent(const Estimate& e, std::int8_t bend) {
    return bend == 0 ? e.time : bend < 0 ? e.low : e.high;
}

template <class T>
T bent(const Figure<T>& f, std::int8_t bend) {
    return bend == 0 ? f.value : bend < 0 ? f.low : f.high;
}

Balancing balancing_of(TrainBalance balance) {
    switch (balance) {
        case TrainBalance::aux: return Balancing::auxiliary_loss;
        case TrainBalance::bias: return Balancing::bias_update;
        case TrainBalance::sequence: return Balancing::sequence_loss;
        case TrainBalance::even:
        case TrainBalance::none: break;
    }
    return Balancing::none;
}

void append_block(const TrainShape& s, Block block, TrainOps& out) {
    switch (block) {
        case Block::embedding: return append_train_embedding(s, out);
        case Block::head: return append_train_head(s, out);
        case Block::dense: append_train_attention(s, out); return append_train_dense_ffn(s, out);
        case Block::mtp: append_train_mtp_in(s, out); [[fallthrough]];
        case Block::moe:
            append_train_attention(s, out);
            s.model.moe ? append_train_moe(s, out) : append_train_dense_ffn(s, out);
    }
}

void check(const Scenario& s) {
    if (s.phase != Phase::train)
        throw SpecError(s.file, "/phase", "isobath train predicts training; allowed here: train");
    if (s.layout.expert_tp != 1)
        throw SpecError(s.file, "/layout/experts/tp", "training keeps experts whole; allowed: 1");
    if (s.layout.redundant != 0)
        throw SpecError(s.file, "/layout/experts/redundant",
                        "training has one copy of an expert; allowed: 0");
    if (s.layout.shared != SharedExperts::replicated)
        throw SpecError(s.file, "/layout/experts/shared",
                        "training keeps them on every rank; allowed: replicated");
}

/// Latents, or keys and values, of one token that ranks of a split sequence gather.
double gathered_bytes(const AttentionSpec& a) {
    return 2.0 * (a.kind == AttentionKind::mla ? a.kv_lora_rank + a.qk_rope_head_dim
                                               : a.kv_heads * (a.qk_head_dim + a.v_head_dim));
}

}  // namespace

TrainLayout layout_of(const Scenario& s) {
    TrainLayout l{s.layout.pp,         s.layout.attention_tp,  s.layout.attention_cp,   s.layout.attention_dp,
                  s.layout.ep,         s.training.micro_batch, s.training.global_batch, s.training.sequence,
                  s.training.schedule, s.training.recompute,   s.training.zero};
    const double fewest = 2.0 * l.pp * l.dp * l.micro_batch;
    if (l.global_batch == 0) l.global_batch = static_cast<int>(std::min(fewest, 1e9));
    return l;
}

TrainModel::TrainModel(const Scenario& scenario, const DataFiles& data,
                       std::shared_ptr<const RouterSample> sample)
    : scenario_(scenario),
      contention_(load_contention(data)),
      constants_(load_training_constants(data)),
      sample_(std::move(sample)) {
    check(scenario);
    kernels_            = std::make_shared<CalibratedTime>(scenario.cluster.gpu, scenario.calibration,
                                                scenario.implementations);
    CommLibrary library = load_comm_library(data, comm_library_of(scenario));
    if (!library.collectives)
        library.collectives = load_comm_library(data, collectives_of(scenario)).collectives;
    library_ = std::make_shared<CommLibrary>(std::move(library));
    rates_   = resolve(*library_, scenario_.cluster);
    if (rates_.throughput && scenario.layout.comm_sms > 0) rates_.throughput->sms = scenario.layout.comm_sms;
    const TrainBalance balance = scenario.training.balance;
    if (scenario.model.moe && balance != TrainBalance::even && !sample_)
        sample_ = std::make_shared<RouterSample>(
            sample_router(balancing_of(balance), scenario.model.moe->n_routed_experts,
                          scenario.model.moe->num_experts_per_tok, scenario.seed));
}

int TrainModel::comm_sms() const {
    if (scenario_.layout.comm_sms > 0) return scenario_.layout.comm_sms;
    return rates_.throughput ? rates_.throughput->sms : 0;
}

/// Nodes as groups of experts, where a limit on nodes is asked for.
ExchangeTraffic TrainModel::traffic(const TrainLayout& l) const {
    const MoeSpec& moe = *scenario_.model.moe;
    ExchangeShape shape;
    shape.ranks          = l.ep;
    shape.ranks_per_node = scenario_.cluster.nvlink_domain;
    shape.experts        = moe.n_routed_experts;
    shape.top_k          = moe.num_experts_per_tok;
    const int nodes = shape.nodes(), limit = scenario_.training.node_limit;
    if (limit == 0 && scenario_.gate == GateChoice::model) {
        shape.groups      = moe.n_group;
        shape.topk_groups = moe.topk_group;
    } else if (limit > 0 && limit < nodes) {
        shape.groups      = nodes;
        shape.topk_groups = limit;
    }
    shape.hidden   = scenario_.model.hidden_size;
    shape.dispatch = scenario_.precision.dispatch;
    shape.combine  = scenario_.precision.combine;
    return traffic_of(shape, mode_of(scenario_.layout.comm), *library_);
}

LayerCosts TrainModel::costs(const TrainLayout& layout, const Bend& bend) const {
    LayerCosts out;
    if (scenario_.model.moe) {
        const MoeSpec& moe = *scenario_.model.moe;
        if (sample_) {
            const int domain = scenario_.cluster.nvlink_domain;
            ImbalanceSpec spec{layout.ep, (layout.ep + domain - 1) / domain,
                               double(layout.micro_batch) * layout.ep / layout.cp / layout.tp,
                               layout.sequence, scenario_.training.capacity};
            out.imbalance = rank_imbalance(*sample_, spec);
            spec.sequences *= scenario_.model.num_hidden_layers;  // about as many chunks of layers are kept
            out.kept_imbalance = rank_imbalance(*sample_, spec).rank;
        }
        out.expert_rows     = layout.tokens() / layout.tp * moe.num_experts_per_tok * out.imbalance.rank;
        out.received_tokens = out.expert_rows;
        if (layout.ep > 1) cost_exchange(layout, bend, out);
    }
    if (layout.tp > 1)
        out.reduce = bent(
            all_reduce(*rates_.collectives, layout.tokens() * 2.0 * scenario_.model.hidden_size * unit::B,
                       packed(layout.tp, scenario_.cluster)),
            bend[at(Family::network)]);
    cost_blocks(layout, bend, out);
    return out;
}

/// The busiest rank takes `rank` times the mean rank's tokens, the busiest NIC `node` times the mean node's.
void TrainModel::cost_exchange(const TrainLayout& l, const Bend& bend, LayerCosts& out) const {
    ExchangeTraffic traffic = this->traffic(l);
    traffic.nvlink.skew *= out.imbalance.rank;
    traffic.ingress.skew *= out.imbalance.rank;
    traffic.rdma.skew *= out.imbalance.node;
    const double tokens     = l.tokens() / l.tp;
    const ExchangeCost cost = exchange(rates_, traffic, tokens);
    const std::int8_t net = bend[at(Family::network)], there = bend[at(Family::in_situ)];
    ExchangeTimes& x = out.exchange;
    x.repeat         = bent(cost.dispatch, net);
    x.dispatch       = bent(constants_.placing, there) * x.repeat;
    x.combine        = bent(cost.combine, net);
    x.notify         = bent(contention_.notify, there);
    x.dispatch_rdma  = cost.dispatch_ports.rdma;
    x.combine_rdma   = cost.combine_ports.rdma;
    x.distinct_nodes = traffic.distinct_nodes;
    x.distinct_ranks = traffic.distinct_ranks;
    x.source         = weaker(cost.dispatch.source, cost.combine.source);
    if (is_quantised(scenario_.precision.dispatch)) {
        const double row    = quantise_bytes(scenario_.model.hidden_size, scenario_.precision.dispatch);
        const Seconds whole = kernels_->cost(streaming(tokens, row), rates_.sm_count).estimate.time;
        x.cast              = comm_sms() > 0 ? double(rates_.sm_count) / comm_sms() * whole : whole;
    }
    out.received_tokens = tokens * traffic.distinct_ranks * out.imbalance.rank;
}

TrainShape TrainModel::shape(const TrainLayout& l, const LayerCosts& c) const {
    TrainShape s{scenario_.model, scenario_.precision, l.tp, l.cp, l.tokens(), l.sequence, l.recompute};
    if (!scenario_.model.moe) return s;
    s.local_experts   = scenario_.model.moe->n_routed_experts / l.ep;
    s.expert_rows     = c.expert_rows;
    s.row_variance    = s.expert_rows / s.local_experts;  // of a count with small chances: its mean
    s.received_tokens = c.received_tokens;
    return s;
}

void TrainModel::cost_blocks(const TrainLayout& l, const Bend& bend, LayerCosts& out) const {
    const TrainShape s    = shape(l, out);
    const std::int8_t net = bend[at(Family::network)];
    const auto phase      = [](TrainPhase p) { return static_cast<std::size_t>(p); };
    Seconds gather, scatter;
    if (l.cp > 1) {
        const Bytes all = l.micro_batch * l.sequence * gathered_bytes(scenario_.model.attention) * unit::B;
        gather          = bent(all_gather(*rates_.collectives, all, packed(l.cp, scenario_.cluster)), net);
        scatter = bent(reduce_scatter(*rates_.collectives, all, packed(l.cp, scenario_.cluster)), net);
    }
    for (int b = 0; b < kBlockCount; ++b) {
        const Block block = static_cast<Block>(b);
        if (block == Block::dense && scenario_.model.dense_layers() == 0) continue;
        if (block == Block::mtp && scenario_.training.mtp == 0) continue;
        if (block == Block::moe && !scenario_.model.moe) continue;
        BlockTimes& t = out.blocks[std::size_t(b)] = cost_block(s, block, bend);
        if (block == Block::embedding || block == Block::head) continue;
        t.exchange = block != Block::dense && scenario_.model.moe && l.ep > 1;
        for (auto* times : {&t.beside, &t.alone}) {
            (*times)[phase(TrainPhase::attention_forward)] += out.reduce + gather;
            (*times)[phase(TrainPhase::attention_input)] += out.reduce + gather + scatter;
            (*times)[phase(TrainPhase::ffn_forward)] += out.reduce;
            (*times)[phase(TrainPhase::ffn_input)] += out.reduce;
        }
        t.by_source[static_cast<std::size_t>(Source::assumed)] += 4 * out.reduce + 2 * gather + scatter;
    }
}

BlockTimes TrainModel::cost_block(const TrainShape& s, Block block, const Bend& bend) const {
    thread_local TrainOps ops;
    ops.clear();
    append_block(s, block, ops);
    BlockTimes out;
    const int all     = scenario_.cluster.gpu.sm_count;
    const Seconds gap = bent(scenario_.engine.launch_gap, bend[at(Family::in_situ)]);
    for (const TrainOp& op : ops) {
        const std::int8_t end = bend[at(family_of(op.op))];
        const Estimate beside = train_cost(*kernels_, constants_, op, all - comm_sms()).estimate;
        const Estimate alone  = train_cost(*kernels_, constants_, op, all).estimate;
        const std::size_t p   = static_cast<std::size_t>(op.phase);
        const Seconds gaps    = op.times * gap;
        out.beside[p] += bent(beside, end) + gaps;
        out.alone[p] += bent(alone, end) + gaps;
        out.by_source[static_cast<std::size_t>(beside.source)] += bent(beside, end) + gaps;
        out.flop += flop_of(op);
        if (op.phase == TrainPhase::ffn_weight) out.weight_main_stream += op.main_stream * bent(beside, end);
    }
    return out;
}

}  // namespace isobath
