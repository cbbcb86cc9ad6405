// Each rank's list of chunks under the three schedules.
#include <algorithm>
#include <deque>
#include <stdexcept>
#include <string>

#include "sim/train/pipeline.h"

namespace isobath {
namespace {

/// As many forward chunks ahead as there are stages behind, then one backward for each forward.
std::vector<PipelineSlot> one_f_one_b(int rank, int ranks, int batches) {
    std::vector<PipelineSlot> list;
    const int ahead = std::min(ranks - rank - 1, batches);
    for (int i = 0; i < ahead; ++i) list.push_back({Chunk::forward, rank, i});
    for (int i = 0; i < batches; ++i) {
        if (ahead + i < batches) list.push_back({Chunk::forward, rank, ahead + i});
        list.push_back({Chunk::backward, rank, i});
    }
    return list;
}

/// One chunk more ahead; a rank puts off as many weights' gradients as stages stand before it, so that input
/// gradients reach them sooner, and the drain has work left.
std::vector<PipelineSlot> zb1p(int rank, int ranks, int batches) {
    std::vector<PipelineSlot> list;
    int forward = std::min(ranks - rank, batches), weight = 0;
    for (int i = 0; i < forward; ++i) list.push_back({Chunk::forward, rank, i});
    for (int i = 0; i < batches; ++i) {
        list.push_back({Chunk::input, rank, i});
        if (i >= rank) list.push_back({Chunk::weight, rank, weight++});
        if (forward < batches) list.push_back({Chunk::forward, rank, forward++});
    }
    while (weight < batches) list.push_back({Chunk::weight, rank, weight++});
    return list;
}

/// One rank of DualPipe: our reading of the eight steps of deepseek-ai/DualPipe, dualpipe.py. A rank holds
/// two stages, its own and its mirror's; "near" chunks enter the pipeline at this rank's half, "far" ones at
/// the other.
class DualPipeRank {
  public:
    DualPipeRank(int rank, int ranks, int batches)
        : ranks_(ranks), half_(batches / 2), upper_(rank >= ranks / 2), rank_(rank) {
        from_end_  = std::min(rank, ranks - 1 - rank);
        to_middle_ = ranks / 2 - 1 - from_end_;
    }

    std::vector<PipelineSlot> list() {
        fill();
        steady();
        drain();
        return std::move(list_);
    }

  private:
    enum Side { near, far };

    int stage(Side side) const { return (side == near) != upper_ ? rank_ : ranks_ - 1 - rank_; }
    int batch(Side side, int i) const { return (side == near) != upper_ ? i : half_ + i; }

    PipelineSlot next_forward(Side side) {
        return {Chunk::forward, stage(side), batch(side, forward_[side]++)};
    }
    PipelineSlot next_backward(Side side, bool later) {
        const PipelineSlot slot{later ? Chunk::input : Chunk::backward, stage(side),
                                batch(side, backward_[side]++)};
        if (later) weights_.push_back({Chunk::weight, slot.stage, slot.batch});
        return slot;
    }

    void forward(Side side) { list_.push_back(next_forward(side)); }
    void backward(Side side, bool later = false) { list_.push_back(next_backward(side, later)); }
    void weight() {
        list_.push_back(weights_.front());
        weights_.pop_front();
    }
    void pair(Side f, Side b) {
        PipelineSlot slot        = next_forward(f);
        const PipelineSlot other = next_backward(b, false);
        slot.chunk               = Chunk::pair;
        slot.other_stage         = other.stage;
        slot.other_batch         = other.batch;
        list_.push_back(slot);
    }

    void fill() {
        for (int i = 0; i < 2 * to_middle_; ++i) forward(near);
        for (int i = 0; i <= from_end_; ++i) {
            forward(near);
            forward(far);
        }
        for (int i = 0; i < to_middle_; ++i) {
            backward(far, true);
            weight();
            forward(far);
        }
    }

    /// The middle ranks do not overlap their first pair: one would have to wait for the other.
    void steady() {
        for (int i = 0; i < half_ - ranks_ + from_end_ + 1; ++i) {
            if (i == 0 && to_middle_ == 0) {
                forward(near);
                backward(far);
            } else {
                pair(near, far);
            }
            pair(far, near);
        }
    }

    /// Weights of the last half of the chunks are put off to where nothing else is left.
    void drain() {
        for (int i = 0; i < to_middle_; ++i) {
            backward(far);
            pair(far, near);
        }
        const int all = 2 * (from_end_ + 1);
        for (int i = 0; i < all; ++i) backward(i % 2 == 0 ? far : near, i >= all / 2);
        for (int i = 0; i < to_middle_; ++i) {
            weight();
            backward(near, true);
        }
        while (!weights_.empty()) weight();
    }

    int ranks_, half_, from_end_ = 0, to_middle_ = 0;
    bool upper_;
    int rank_;
    int forward_[2]{}, backward_[2]{};
    std::deque<PipelineSlot> weights_;
    std::vector<PipelineSlot> list_;
};

}  // namespace

std::string_view check_pipeline(Schedule schedule, int ranks, int batches) {
    if (batches < 1) return "a rank needs a micro-batch";
    if (schedule != Schedule::dualpipe || ranks == 1) return "";
    if (ranks % 2 != 0) return "dualpipe needs an even number of stages";
    if (batches % 2 != 0) return "dualpipe needs an even number of micro-batches";
    if (batches < 2 * ranks) return "dualpipe needs at least two micro-batches for each stage";
    return "";
}

Pipeline plan_pipeline(Schedule schedule, int ranks, int batches) {
    const std::string_view wrong = check_pipeline(schedule, ranks, batches);
    if (!wrong.empty()) throw std::logic_error(std::string(wrong));
    Pipeline out{ranks, batches, {}};
    for (int r = 0; r < ranks; ++r)
        out.ranks.push_back(ranks == 1 || schedule == Schedule::one_f_one_b ? one_f_one_b(r, ranks, batches)
                            : schedule == Schedule::zb1p                    ? zb1p(r, ranks, batches)
                                                         : DualPipeRank(r, ranks, batches).list());
    return out;
}

}  // namespace isobath
