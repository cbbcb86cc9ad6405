#include "sim/train/train_step.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

namespace isobath {
namespace {

/// Rows of a rank's products stay within an int, and a pipeline's plan within memory.
constexpr double kMostTokens = 1e7, kMostChunks = 2e6;

bool overlaps(const TrainModel& m, const TrainLayout& l) {
    return l.schedule == Schedule::dualpipe && l.pp > 1 &&
           m.scenario().training.overlap == TrainOverlap::exchange;
}

/// Ranks that hold the same parameters.
struct Replicas {
    CommGroup all, experts;
};

Replicas replicas_of(const TrainModel& m, const TrainLayout& l) {
    const int copies  = l.pp > 1 ? parameter_copies(l.schedule) : 1,
              domain  = m.scenario().cluster.nvlink_domain;
    const int same    = l.dp * l.cp * copies;
    const int experts = std::max(1, l.dp * l.cp * l.tp / l.ep * copies);
    return {{same, std::clamp(domain / l.tp, 1, same)}, {experts, std::clamp(domain / l.ep, 1, experts)}};
}

/// Ranks of one pipeline and the stages that each holds.
std::vector<StageParts> held_by_ranks(const TrainLayout& l, const std::vector<StageParts>& stages) {
    if (l.pp == 1 || l.schedule != Schedule::dualpipe) return stages;
    std::vector<StageParts> out;
    for (std::size_t r = 0; r < stages.size(); ++r) {
        StageParts both         = stages[r];
        const StageParts& other = stages[stages.size() - 1 - r];
        both.dense += other.dense;
        both.moe += other.moe;
        both.mtp += other.mtp;
        both.heads += other.heads;
        both.embedding = both.embedding || other.embedding;
        out.push_back(both);
    }
    return out;
}

Bytes kept_of(const TrainShape& s, const StageParts& p) {
    const bool moe = s.model.moe.has_value();
    return double(p.dense) * kept_of_layer(s, false) + double(p.moe + p.mtp) * kept_of_layer(s, moe);
}

/// Rank r of 1F1B and ZB1P keeps PP - r micro-batches of its stage; DualPipe's keep PP + 1 of either of two.
Bytes activations(const TrainShape& s, const TrainLayout& l, const std::vector<StageParts>& stages,
                  int rank) {
    const auto r     = static_cast<std::size_t>(rank);
    const Bytes kept = kept_of(s, stages[r]);
    if (l.pp == 1) return kept;
    if (l.schedule != Schedule::dualpipe) return double(l.pp - rank) * kept;
    const Bytes other = kept_of(s, stages[stages.size() - 1 - r]);
    return 0.5 * (l.pp + 1) * (kept + other);
}

/// Beyond what is kept: rows of one layer in flight in BF16, and logits with their gradient.
Bytes transient(const TrainShape& s, const StageParts& held) {
    const double w     = s.model.moe ? s.model.moe->moe_intermediate_size : s.model.intermediate_size / s.tp;
    const double n     = s.model.moe ? s.expert_rows : s.tokens;
    const Bytes ffn    = n * 2 * (2.0 * s.model.hidden_size + 6 * w) * unit::B;
    const Bytes logits = held.heads > 0 ? s.tokens * 6.0 * s.model.vocab_size / s.tp * unit::B : Bytes{};
    return std::max(ffn, logits);
}

void remember(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, TrainStep& out) {
    const TrainShape s = m.shape(l, c);
    TrainShape kept    = s;
    const double even  = c.kept_imbalance / c.imbalance.rank;
    kept.expert_rows *= even;
    kept.received_tokens *= even;
    const auto held          = held_by_ranks(l, out.stages);
    const Replicas same      = replicas_of(m, l);
    const Engine& engine     = m.scenario().engine;
    const OptimiserSpec spec = optimiser_of(m.scenario(), l.zero);
    for (int rank = 0; rank < int(held.size()); ++rank) {
        TrainMemory use;
        use.capacity    = m.scenario().cluster.gpu.memory;
        use.buffers     = engine.cuda_context.value + engine.nccl_buffers.value;
        use.activations = activations(kept, l, out.stages, rank);
        use.transient   = transient(s, held[std::size_t(rank)]);
        add_parameters(parameters_of(s, held[std::size_t(rank)], l.ep), spec, same.all.ranks,
                       same.experts.ranks, use);
        if (rank > 0 && use.used() <= out.memory.used()) continue;
        out.memory  = use;
        out.fullest = rank;
    }
}

/// The rank with most parameters is waited for.
void optimise(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, TrainStep& out) {
    const TrainShape s = m.shape(l, c);
    for (const StageParts& held : held_by_ranks(l, out.stages)) {
        const OptimiserTimes t = optimiser_times(m, l, parameters_of(s, held, l.ep));
        if (t.all() > out.optimiser.all()) out.optimiser = t;
    }
}

/// Kinds of stages are few; each pair of kinds is planned once.
void time_pairs(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, const Bend& bend,
                TrainStep& out) {
    const std::size_t n = out.stages.size();
    out.costs.pairs.assign(n * n, Seconds{});
    const auto key = [](const StageParts& p) {
        return std::tuple(p.dense, p.moe, p.mtp, p.heads, p.embedding);
    };
    std::map<std::pair<decltype(key(out.stages[0])), decltype(key(out.stages[0]))>, Seconds> known;
    PairPlanner planner(m, c, l.recompute, bend);
    for (std::size_t f = 0; f < n; ++f) {
        const std::size_t b        = n - 1 - f;  // DualPipe's ranks hold a stage and its mirror
        const auto pair            = std::pair(key(out.stages[f]), key(out.stages[b]));
        const auto found           = known.find(pair);
        out.costs.pairs[f * n + b] = found != known.end()
                                         ? found->second
                                         : (known[pair] = planner.run(out.stages[f], out.stages[b]).span);
    }
}

void time_chunks(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, const Bend& bend,
                 TrainStep& out) {
    for (const StageParts& stage : out.stages)
        out.costs.stages.push_back(chunk_alone(m, c, stage, l.recompute));
    if (l.pp == 1) return;
    const Bytes hidden = l.tokens() / l.tp * 2.0 * m.scenario().model.hidden_size * unit::B;
    out.costs.send     = send(*m.rates().collectives, hidden, true).time;
    if (overlaps(m, l)) time_pairs(m, l, c, bend, out);
}

/// Kernels' shares of their own time, for all of the pipeline; the optimiser by its own source.
void share(const TrainModel& m, const LayerCosts& c, TrainStep& out) {
    Seconds all;
    std::array<Seconds, kSourceCount> by{};
    for (const StageParts& stage : out.stages)
        for (const Block b : blocks_of(stage, m.scenario().model))
            for (std::size_t i = 0; i < kSourceCount; ++i) {
                by[i] += c.of(b).by_source[i];
                all += c.of(b).by_source[i];
            }
    const double pipeline = (out.time - out.optimiser.all()) / out.time;
    for (std::size_t i = 0; i < kSourceCount; ++i) out.by_source[i] = by[i] / all * pipeline;
    out.by_source[static_cast<std::size_t>(out.optimiser.source)] += 1 - pipeline;
}

Flops flop_of(const TrainModel& m, const LayerCosts& c, const TrainStep& step) {
    Flops sum;
    for (const StageParts& stage : step.stages)
        for (const Block b : blocks_of(stage, m.scenario().model)) sum += c.of(b).flop;
    return double(step.batches) / double(step.stages.size()) * sum;
}

}  // namespace

OptimiserSpec optimiser_of(const Scenario& s, int zero) {
    return {zero, s.training.moments == MomentFormat::bf16 ? 2.0 : 4.0};
}

OptimiserTimes optimiser_times(const TrainModel& m, const TrainLayout& l, const RankParameters& p) {
    const CollectiveRates& rates = *m.rates().collectives;
    const Replicas same          = replicas_of(m, l);
    const OptimiserSpec spec     = optimiser_of(m.scenario(), l.zero);
    OptimiserTimes out;
    const auto exchange = [&](double parameters, CommGroup group) {
        if (group.ranks == 1 || parameters <= 0) return;
        const Bytes gradients = parameters * spec.gradient_bytes * unit::B,
                    weights   = parameters * 2 * unit::B;
        const Estimate given =
            l.zero == 0 ? all_reduce(rates, gradients, group) : reduce_scatter(rates, gradients, group);
        out.reduce += given.time;
        out.source = given.source;
        if (l.zero > 0) out.gather += all_gather(rates, weights, group).time;
    };
    exchange(p.replicated, same.all);
    exchange(p.experts, same.experts);
    const Bytes moved = optimiser_traffic(p, spec, same.all.ranks, same.experts.ranks);
    out.update        = m.kernels().cost(Streaming{moved}, m.scenario().cluster.gpu.sm_count).estimate.time;
    return out;
}

std::string wrong_with(const TrainModel& m, const TrainLayout& l) {
    const ModelSpec& model = m.scenario().model;
    if (l.tokens() * l.cp > kMostTokens)
        return fmt::format("{:g} tokens in a micro-batch; allowed: up to {:g}", l.tokens() * l.cp,
                           kMostTokens);
    if (l.batches() == 0)
        return fmt::format("{} sequences do not divide over {} replicas of {} in a micro-batch",
                           l.global_batch, l.dp, l.micro_batch);
    if (double(l.batches()) * l.pp > kMostChunks)
        return fmt::format("{} micro-batches over {} stages; allowed: up to {:g} chunks", l.batches(), l.pp,
                           kMostChunks);
    if (l.pp > model.num_hidden_layers)
        return fmt::format("{} stages, but {} layers", l.pp, model.num_hidden_layers);
    if (model.moe && model.moe->n_routed_experts % l.ep != 0)
        return fmt::format("ep {} does not divide {} experts", l.ep, model.moe->n_routed_experts);
    if (model.moe && l.dp * l.cp * l.tp % l.ep != 0)
        return fmt::format("ep {} does not divide a stage's {} GPUs", l.ep, l.dp * l.cp * l.tp);
    const std::string_view pipeline = check_pipeline(l.schedule, l.pp, l.batches());
    return pipeline.empty() ? std::string()
                            : fmt::format("{}: {} stages, {} micro-batches", pipeline, l.pp, l.batches());
}

TrainStep plan_step(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, const Bend& bend) {
    TrainStep out;
    out.batches = l.batches();
    out.stages  = cut_stages(m.scenario().model, m.scenario().training.mtp, l.pp, c);
    time_chunks(m, l, c, bend, out);
    remember(m, l, c, out);
    optimise(m, l, c, out);
    return out;
}

TrainStep train_step(const TrainModel& m, const TrainLayout& l, const LayerCosts& c, const Bend& bend) {
    TrainStep out         = plan_step(m, l, c, bend);
    const PipelineRun ran = run(plan_pipeline(l.schedule, l.pp, out.batches), out.costs);
    out.mean              = ran.mean();
    out.time              = ran.makespan + out.optimiser.all();
    ChunkTimes longest;
    for (const ChunkTimes& t : out.costs.stages)
        if (t.forward + t.backward > longest.forward + longest.backward) longest = t;
    Seconds pair = longest.forward + longest.backward;
    if (!out.costs.pairs.empty()) pair = *std::max_element(out.costs.pairs.begin(), out.costs.pairs.end());
    out.closed_bubble = l.pp > 1 ? bubble(l.schedule, l.pp, longest, pair) : Seconds{};
    out.flop          = flop_of(m, c, out);
    share(m, c, out);
    return out;
}

Seconds estimated_time(const TrainStep& planned, const TrainLayout& l) {
    const std::size_t n = planned.stages.size();
    ChunkTimes longest;
    Seconds busiest, pair;
    for (std::size_t r = 0; r < n; ++r) {
        const ChunkTimes& t = planned.costs.stages[r];
        if (t.forward + t.backward > longest.forward + longest.backward) longest = t;
        if (planned.costs.pairs.empty()) {
            busiest = std::max(busiest, t.forward + t.backward);
            continue;
        }
        const std::size_t mirror = n - 1 - r;
        const Seconds both =
            planned.costs.pair(int(r), int(mirror)) + planned.costs.pair(int(mirror), int(r));
        busiest = std::max(busiest, 0.5 * both);
    }
    pair               = planned.costs.pairs.empty() ? longest.forward + longest.backward : busiest;
    const Seconds idle = l.pp > 1 ? bubble(l.schedule, l.pp, longest, pair) : Seconds{};
    return double(planned.batches) * busiest + std::max(Seconds{}, idle) + planned.optimiser.all();
}

}  // namespace isobath
