/// What a training run is, as a scenario says it.
#pragma once

#include "hw/units.h"
#include "model/train/train_ops.h"
#include "sim/train/schedule.h"
#include "sim/workload.h"

namespace isobath {

enum class TrainOverlap { exchange, none };  ///< forward and backward chunks hide each other's all-to-all
enum class TrainBalance { even, none, aux, bias, sequence };
enum class MomentFormat { bf16, fp32 };

struct Training {
    double tokens = 0, sequence = 4096;
    Schedule schedule    = Schedule::dualpipe;
    int micro_batch      = 1;  ///< sequences in a micro-batch of one rank (of the ranks that split them)
    int global_batch     = 0;  ///< sequences in a step; 0: two micro-batches for each stage and direction
    TrainOverlap overlap = TrainOverlap::exchange;
    Recompute recompute  = Recompute::selective;
    int zero = 1, mtp = 0;
    MomentFormat moments  = MomentFormat::bf16;
    int node_limit        = 0;  ///< 0: the model's own gate
    TrainBalance balance  = TrainBalance::even;
    double capacity       = 0;  ///< times an expert's mean load; 0 drops nothing
    double mtbf_gpu_hours = 0;
    Seconds checkpoint, restart;
    double power_usage_effectiveness = 1;
    PresetText phases{"[]"};
};

}  // namespace isobath
