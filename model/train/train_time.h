/// How long the kernels of training take: those of inference, and what a backward pass does differently.
#pragma once

#include "hw/data.h"
#include "hw/figure.h"
#include "model/kernel_time.h"
#include "model/train/train_ops.h"

namespace isobath {

/// All from DeepSeek's published training trace, which is no judge of what rests on them.
struct TrainingConstants {
    Figure<double> weight_gradient;     ///< time of a weights' product in FP8 over its parts (train_cost)
    Figure<double> attention_backward;  ///< time of a backward core over the forward's, for each FLOP
    Figure<double> placing;         ///< a dispatch that finds its tokens' places over one that repeats them
    Figure<double> barrier;         ///< ranks wait for each other this share of a layer pair's compute
    Figure<double> barrier_behind;  ///< and this before an exchange right behind another
};

/// Reads hw/calibrations/training/training.json. Throws SpecError as any reader.
TrainingConstants load_training_constants(const DataFiles& data);

/// One op alone on `sms` SMs, all its `times`.
///
/// A weights' product takes what a product of its shape takes and the traffic of its FP32 sum (8 B for each
/// weight: read, added to, written), `weight_gradient` times that in FP8, whose both operands carry scales
/// along the sum. A backward core takes the forward's time for each of its FLOP, times `attention_backward`.
KernelCost train_cost(const KernelTime& kernels, const TrainingConstants& constants, const TrainOp& op,
                      int sms);

}  // namespace isobath
