/// One training step: pipeline, optimiser, memory.
#pragma once

#include "sim/train/chunk.h"

namespace isobath {

struct OptimiserTimes {
    Seconds reduce;  ///< gradients to the ranks that own their optimiser state, FP32
    Seconds update;  ///< through HBM
    Seconds gather;  ///< weights back, BF16
    Source source = Source::assumed;

    Seconds all() const { return reduce + update + gather; }
};

struct TrainStep {
    Seconds time;
    RankTimes mean;  ///< of the pipeline, over its ranks
    OptimiserTimes optimiser;
    Seconds closed_bubble;  ///< the schedule's own, all stages like the longest
    std::vector<StageParts> stages;
    PipelineCosts costs;
    int batches = 0;
    TrainMemory memory;                            ///< of the fullest rank
    int fullest = 0;                               ///< which
    Flops flop;                                    ///< of one rank's kernels in a step, the mean rank
    std::array<double, kSourceCount> by_source{};  ///< shares of the step, sum 1
};

/// What is wrong with a layout, or nothing: it must fill the pipeline, cut the model and the batch evenly.
std::string wrong_with(const TrainModel& model, const TrainLayout& layout);

/// `costs` must be model.costs(layout, bend). The pipeline is run, not estimated. Throws std::logic_error
/// where wrong_with() has something to say.
TrainStep train_step(const TrainModel& model, const TrainLayout& layout, const LayerCosts& costs,
                     const Bend& bend = {});

/// Everything but the pipeline's run: memory, stages, chunk times.
TrainStep plan_step(const TrainModel& model, const TrainLayout& layout, const LayerCosts& costs,
                    const Bend& bend = {});

/// The step by closed forms alone, for sweeps: micro-batches times the longest stage's chunks, the schedule's
/// bubble, the optimiser. Within a few per cent of the run (tests say how many).
Seconds estimated_time(const TrainStep& planned, const TrainLayout& layout);

/// The optimiser of the rank with these parameters. Nothing of it is hidden: gradients are complete only when
/// the last micro-batch has left.
OptimiserTimes optimiser_times(const TrainModel& model, const TrainLayout& layout, const RankParameters& p);

OptimiserSpec optimiser_of(const Scenario& scenario, int zero);

}  // namespace isobath
