/// Pipeline schedules as plans: which rank works on which chunk of which micro-batch, in which order; and the
/// bubbles they leave, in closed form and by running them.
///
/// F, B and W are the times of a forward chunk, a full backward chunk and the backward for weights inside it;
/// F&B is a forward and a backward chunk that overlap each other.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hw/units.h"
#include "sim/train/schedule.h"

namespace isobath {

enum class Chunk : std::uint8_t {
    forward,
    backward,  ///< for input and weights
    input,     ///< for the input alone; weights follow later
    weight,
    pair  ///< a forward and a backward chunk of different micro-batches, overlapped
};

/// One entry of a rank's list. Of a pair, `stage` and `batch` are the forward chunk's.
struct PipelineSlot {
    Chunk chunk = Chunk::forward;
    int stage = 0, batch = 0;
    int other_stage = 0, other_batch = 0;  ///< the backward chunk of a pair
};

/// What each rank does, in its order. Micro-batches of DualPipe's second direction have the upper numbers.
struct Pipeline {
    int stages = 0, batches = 0;
    std::vector<std::vector<PipelineSlot>> ranks;
};

/// Throws std::logic_error where check_pipeline() has something to say.
Pipeline plan_pipeline(Schedule schedule, int ranks, int batches);

/// What is wrong with a number of ranks and micro-batches, or nothing: DualPipe needs an even number of
/// ranks, and at least twice as many micro-batches, an even number too.
std::string_view check_pipeline(Schedule schedule, int ranks, int batches);

struct ChunkTimes {
    Seconds forward, backward, input, weight;
};

struct PipelineCosts {
    std::vector<ChunkTimes> stages;
    std::vector<Seconds> pairs;  ///< [forward stage * stages + backward stage]; empty: both one by one
    Seconds send;                ///< activations or their gradients to the next stage

    Seconds pair(int forward, int backward) const;
};

/// What one rank's step is made of.
struct RankTimes {
    Seconds forward, backward, weight, pair, bubble;
};

struct SlotInterval {
    int rank = 0;
    PipelineSlot slot;
    Seconds start, end;
};

struct PipelineRun {
    Seconds makespan;
    std::vector<RankTimes> ranks;

    /// Over the ranks, as a profile of a step reports it.
    RankTimes mean() const;
};

/// Runs a pipeline: a slot starts when its rank is free and what it needs has arrived. Forward needs the
/// previous stage's output, backward the next stage's gradient and its own forward, weights their input
/// gradient. `intervals`, if given, takes every slot's place.
PipelineRun run(const Pipeline& pipeline, const PipelineCosts& costs,
                std::vector<SlotInterval>* intervals = nullptr);

/// Bubble of one rank: idle time between the first chunk and the last where all stages are alike and sending
/// takes no time. 1F1B: (PP - 1)(F + B); ZB1P: (PP - 1)(F + B - 2W); DualPipe: (PP/2 - 1)(F&B + B - 3W).
/// Source: DualPipe's README, table of bubbles. run() gives the first two always, and the third for the
/// middle ranks where B - W = F; for all ranks where F&B is F + B as well.
Seconds bubble(Schedule schedule, int ranks, const ChunkTimes& chunk, Seconds pair);

/// Micro-batches whose activations the fullest rank keeps, each of one stage: PP, PP, PP + 1 (same table).
int kept_batches(Schedule schedule, int ranks);

/// Copies of the parameters over the pipeline: 1, 1, 2.
int parameter_copies(Schedule schedule);

}  // namespace isobath
