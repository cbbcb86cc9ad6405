/// Chunks: the layers of one pipeline stage, one micro-batch forward or backward, alone or two of them
/// overlapping each other as DualPipe's trace shows it.
#pragma once

#include <vector>

#include "sim/timeline.h"
#include "sim/train/pipeline.h"
#include "sim/train/train_model.h"

namespace isobath {

/// What a task of a pair of chunks is; a Task's tag. The first six are TrainPhase.
enum class ChunkRole : std::uint8_t {
    attention_forward,
    ffn_forward,
    ffn_input,
    ffn_weight,
    attention_input,
    attention_weight,
    dispatch_forward,
    combine_forward,
    dispatch_backward,  ///< the backward of a dispatch: a combine
    combine_backward    ///< the backward of a combine: a dispatch
};
inline constexpr int kChunkRoleCount = 10;
std::string_view name_of(ChunkRole);

/// Blocks of one stage in forward order.
std::vector<Block> blocks_of(const StageParts& stage, const ModelSpec& model);

/// Cuts a model into stages so that the longest is as short as possible, by the compute time of a forward and
/// a backward chunk. The embedding comes first; MTP modules and heads stay with each other at the end.
/// Every stage gets a layer at least, as far as they reach.
std::vector<StageParts> cut_stages(const ModelSpec& model, int mtp_modules, int stages,
                                   const LayerCosts& costs);

/// Chunks one after another, nothing hidden: compute on all SMs, exchanges as they are alone, ranks apart by
/// rank_skew of the stage before each.
ChunkTimes chunk_alone(const TrainModel& model, const LayerCosts& costs, const StageParts& stage,
                       Recompute recompute);

/// Where a pair's time goes: per role, barriers and waiting for other ranks counted with the exchange behind.
struct PairTimes {
    Seconds span;
    std::array<Seconds, kChunkRoleCount> roles{};
    Seconds compute_busy, comm_busy;
};

/// A forward chunk of one stage beside a backward chunk of another. In each step one block of either, as in
/// DeepSeek's trace:
///   compute  attn(F)  mlp(B) mlp(W)   mlp(F)   attn(B) attn(W)
///   comm     combine(B)  dispatch(F)  dispatch(B)  combine(F)
/// Blocks that find no partner run alone in their step.
class PairPlanner {
  public:
    PairPlanner(const TrainModel& model, const LayerCosts& costs, Recompute recompute, const Bend& bend = {});

    const PairTimes& run(const StageParts& forward, const StageParts& backward);
    const Plan& plan() const { return plan_; }
    const Timeline& timeline() const { return timeline_; }

  private:
    struct Links;
    TaskId compute(ChunkRole role, Seconds time, std::initializer_list<TaskId> before);
    TaskId exchange(ChunkRole role, Seconds core, Seconds barrier, TaskId before);
    void step(const BlockTimes* forward, const BlockTimes* backward, Links& links);
    void account();

    const TrainModel& model_;
    const LayerCosts& costs_;
    Recompute recompute_;
    double barrier_, barrier_behind_;
    Contention contention_;
    Seconds between_;  ///< barrier's measure: compute of one layer forward and backward
    Plan plan_;
    Timeline timeline_;
    PairTimes times_;
    std::vector<Block> forward_, backward_;
};

}  // namespace isobath
