/// Where a step's time goes: parts of a layer as published breakdowns have them, and what the numbers rest
/// on.
#pragma once

#include "sim/step.h"

namespace isobath {

/// Adds a stage's kernels to the parts of a layer, `stretch` times as long as alone; the rest are launch
/// gaps.
void account_stage(const StageCost& stage, double stretch, StepTimes& out);

/// Splits the last layer of the timeline into parts: each compute task's time by its stage's kernels, idle
/// time before a wait to what it waits for, the rest to bubbles. `gap` follows each send or receive kernel.
void account_layer(const StepModel& model, const StepWorkspace& work, Seconds gap, StepTimes& out);

/// The step's time by what it rests on: kernels by their own source; waiting, barriers, gaps and all-reduces
/// by the weaker of what times them.
void share_by_source(const StepModel& model, const StepWorkspace& work, StepTimes& out);

}  // namespace isobath
