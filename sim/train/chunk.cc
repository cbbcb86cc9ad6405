#include "sim/train/chunk.h"

#include <algorithm>
#include <numeric>

namespace isobath {
namespace {

constexpr std::size_t at(TrainPhase p) {
    return static_cast<std::size_t>(p);
}

template <class T>
T bent(const Figure<T>& f, std::int8_t bend) {
    return bend == 0 ? f.value : bend < 0 ? f.low : f.high;
}

Seconds sum(const std::array<Seconds, kTrainPhaseCount>& phases) {
    return std::accumulate(phases.begin(), phases.end(), Seconds{});
}

/// One thing of a model in forward order, by which stages are cut.
struct Item {
    Block block;
    Seconds weight;
};

std::vector<Item> items_of(const ModelSpec& m, int mtp, const LayerCosts& c) {
    const auto weight = [&](Block b) { return sum(c.of(b).beside); };
    std::vector<Item> items;
    for (int i = 0; i < m.num_hidden_layers; ++i) {
        const Block b = i < m.dense_layers() ? Block::dense : Block::moe;
        items.push_back({b, weight(b)});
    }
    items.front().weight += weight(Block::embedding);
    // The head and what predicts beyond it share the last layer's stage.
    items.back().weight += weight(Block::head) + double(mtp) * (weight(Block::mtp) + weight(Block::head));
    return items;
}

/// Stages that a longest stage of `most` needs, filled from the end.
int stages_needed(const std::vector<Item>& items, Seconds most) {
    int stages = 1;
    Seconds filled;
    for (auto i = items.rbegin(); i != items.rend(); ++i) {
        if (filled > Seconds{} && filled + i->weight > most) {
            ++stages;
            filled = {};
        }
        filled += i->weight;
    }
    return stages;
}

/// The least of all sums of neighbours that need no more stages than there are.
Seconds shortest_longest(const std::vector<Item>& items, int stages) {
    Seconds low, high;
    for (const Item& i : items) {
        low = std::max(low, i.weight);
        high += i.weight;
    }
    for (int halvings = 0; halvings < 40 && stages_needed(items, low) > stages; ++halvings) {
        const Seconds middle                                  = 0.5 * (low + high);
        (stages_needed(items, middle) <= stages ? high : low) = middle;
    }
    return stages_needed(items, low) <= stages ? low : high;
}

void put(Block b, StageParts& stage) {
    (b == Block::dense ? stage.dense : stage.moe) += 1;
}

}  // namespace

std::vector<Block> blocks_of(const StageParts& s, const ModelSpec& model) {
    std::vector<Block> out;
    if (s.embedding) out.push_back(Block::embedding);
    out.insert(out.end(), std::size_t(s.dense), Block::dense);
    out.insert(out.end(), std::size_t(s.moe), model.moe ? Block::moe : Block::dense);
    out.insert(out.end(), std::size_t(s.mtp), Block::mtp);
    out.insert(out.end(), std::size_t(s.heads), Block::head);
    return out;
}

std::vector<StageParts> cut_stages(const ModelSpec& model, int mtp, int stages, const LayerCosts& costs) {
    const std::vector<Item> items = items_of(model, mtp, costs);
    const Seconds most            = shortest_longest(items, stages);
    std::vector<StageParts> out(static_cast<std::size_t>(stages));
    std::size_t stage = out.size() - 1;
    Seconds filled;
    for (std::size_t left = items.size(); left > 0; --left) {
        const Item& item  = items[left - 1];
        const bool full   = filled > Seconds{} && filled + item.weight > (1 + 1e-9) * most;
        const bool needed = filled > Seconds{} && left <= stage;  // the stages before get one each
        if (stage > 0 && (full || needed)) {
            --stage;
            filled = {};
        }
        put(item.block, out[stage]);
        filled += item.weight;
    }
    out.front().embedding = true;
    out.back().mtp        = mtp;
    out.back().heads      = 1 + mtp;
    return out;
}

ChunkTimes chunk_alone(const TrainModel& model, const LayerCosts& costs, const StageParts& stage,
                       Recompute recompute) {
    const ExchangeTimes& x = costs.exchange;
    const double skew      = model.contention().rank_skew.value;
    ChunkTimes out;
    for (const Block b : blocks_of(stage, model.scenario().model)) {
        const BlockTimes& t = costs.of(b);
        const auto phase    = [&](TrainPhase p) { return t.alone[at(p)]; };
        out.forward += phase(TrainPhase::attention_forward) + phase(TrainPhase::ffn_forward);
        out.input += phase(TrainPhase::attention_input) + phase(TrainPhase::ffn_input);
        out.weight += phase(TrainPhase::attention_weight) + phase(TrainPhase::ffn_weight);
        if (!t.exchange) continue;
        out.forward += x.dispatch + x.combine + 2 * x.notify +
                       skew * (phase(TrainPhase::attention_forward) + phase(TrainPhase::ffn_forward));
        out.input += x.cast + x.repeat + x.combine + 2 * x.notify +
                     skew * (phase(TrainPhase::attention_input) + phase(TrainPhase::ffn_input));
        if (recompute == Recompute::full) out.input += x.notify + x.repeat;
    }
    out.backward = out.input + out.weight;
    return out;
}

/// What ties one step to the next.
struct PairPlanner::Links {
    TaskId combined_forward;  ///< the next block's attention needs its tokens back
    TaskId attended;          ///< gradients leave for the experts of the block before
};

PairPlanner::PairPlanner(const TrainModel& model, const LayerCosts& costs, Recompute recompute,
                         const Bend& bend)
    : model_(model), costs_(costs), recompute_(recompute) {
    const std::int8_t there = bend[static_cast<std::size_t>(Family::in_situ)];
    barrier_                = bent(model.constants().barrier, there);
    barrier_behind_         = bent(model.constants().barrier_behind, there);
    contention_             = {bent(model.contention().comm_under_compute, there),
                               bent(model.contention().compute_under_comm, there)};
    between_                = sum(costs.of(Block::moe).beside);
}

TaskId PairPlanner::compute(ChunkRole role, Seconds time, std::initializer_list<TaskId> before) {
    return plan_.add({name_of(role).data(), static_cast<std::uint16_t>(role), 0, Lane::compute, time},
                     before);
}

TaskId PairPlanner::exchange(ChunkRole role, Seconds core, Seconds barrier, TaskId before) {
    const auto tag = static_cast<std::uint16_t>(role);
    plan_.add({name_of(role).data(), tag, 0, Lane::barrier, barrier}, {before});
    return plan_.add({name_of(role).data(), tag, 0, Lane::comm, core});
}

/// Tasks of one stream run in the order in which they are added.
void PairPlanner::step(const BlockTimes* f, const BlockTimes* b, Links& links) {
    const ExchangeTimes& x = costs_.exchange;
    const Seconds meet = barrier_ * between_, behind = barrier_behind_ * between_;
    const auto time = [](const BlockTimes* t, TrainPhase p) { return t->beside[at(p)]; };
    TaskId gradients, attended, dispatched, expert_gradients;
    if (b && b->exchange) {
        gradients = exchange(ChunkRole::combine_backward, x.cast + x.repeat, meet, links.attended);
        if (recompute_ == Recompute::full)
            gradients = exchange(ChunkRole::combine_backward, x.repeat, behind, gradients);
    }
    if (f)
        attended = compute(ChunkRole::attention_forward, time(f, TrainPhase::attention_forward),
                           {links.combined_forward});
    if (f && f->exchange) dispatched = exchange(ChunkRole::dispatch_forward, x.dispatch, meet, attended);
    if (b) {
        const TaskId done = compute(ChunkRole::ffn_input, time(b, TrainPhase::ffn_input), {gradients});
        if (b->exchange)
            expert_gradients =
                exchange(ChunkRole::dispatch_backward, x.combine, dispatched ? behind : meet, done);
        compute(ChunkRole::ffn_weight, time(b, TrainPhase::ffn_weight), {});
    }
    if (f) {
        const TaskId done = compute(ChunkRole::ffn_forward, time(f, TrainPhase::ffn_forward), {dispatched});
        links.combined_forward =
            f->exchange ? exchange(ChunkRole::combine_forward, x.combine, meet, done) : TaskId{};
    }
    if (!b) return;
    links.attended =
        compute(ChunkRole::attention_input, time(b, TrainPhase::attention_input), {expert_gradients});
    compute(ChunkRole::attention_weight, time(b, TrainPhase::attention_weight), {});
}

void PairPlanner::account() {
    times_      = {};
    times_.span = timeline_.makespan;
    for (std::size_t i = 0; i < plan_.tasks.size(); ++i) {
        const Task& task   = plan_.tasks[i];
        const Seconds took = timeline_.intervals[i].end - timeline_.intervals[i].start;
        times_.roles[task.tag] += took;
        (task.lane == Lane::compute ? times_.compute_busy : times_.comm_busy) += took;
    }
}

const PairTimes& PairPlanner::run(const StageParts& forward, const StageParts& backward) {
    const ModelSpec& m = model_.scenario().model;
    forward_           = blocks_of(forward, m);
    backward_          = blocks_of(backward, m);
    std::reverse(backward_.begin(), backward_.end());
    plan_.clear();
    plan_.contention = contention_;
    Links links;
    for (std::size_t i = 0; i < std::max(forward_.size(), backward_.size()); ++i)
        step(i < forward_.size() ? &costs_.of(forward_[i]) : nullptr,
             i < backward_.size() ? &costs_.of(backward_[i]) : nullptr, links);
    isobath::run(plan_, timeline_);
    account();
    return times_;
}

std::string_view name_of(ChunkRole role) {
    constexpr std::string_view names[kChunkRoleCount] = {
        "attn(F)", "mlp(F)",      "mlp(B)",     "mlp(W)",      "attn(B)",
        "attn(W)", "dispatch(F)", "combine(F)", "dispatch(B)", "combine(B)"};
    return names[static_cast<std::size_t>(role)];
}

}  // namespace isobath
