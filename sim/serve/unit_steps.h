/// A unit's steps as a table: the step model evaluated on a grid of loads.
#pragma once

#include "sim/serve/step_table.h"
#include "sim/step.h"

namespace isobath {

/// What the grid covers; beyond it the last two nodes' line goes on.
struct StepBox {
    double requests = 256;        ///< decoding on one rank
    double cache    = 1'000'000;  ///< tokens of one rank
    double tokens   = 8192;       ///< new ones of one rank in a step
    double context  = 8192;       ///< tokens that each of them attends to, in the mean
};

/// A decode step of so many requests on each attention rank (mean over ranks) that hold so many tokens on the
/// fullest one, whole: kernels, communication, drafts, host; without host work for each speculating request.
Seconds decode_step(const StepModel& model, double requests, double cache, StepWorkspace& work,
                    const Bend& bend = {});

/// A prefill step of so many new tokens on each rank, each of which attends to `context` tokens in the mean:
/// as prompts of twice that length would; launched kernel by kernel.
Seconds prefill_step(const StepModel& model, double tokens, double context, StepWorkspace& work,
                     const Bend& bend = {});

/// Both on a grid; null where the unit never does it. Against direct evaluation within the box (tests): 0.1 %
/// in the median; 99 in 100 within 1 %; at worst 0.5 % for prefill, 1.1 % for decode on one rank, 2 % on 144
/// ranks, whose kernels' tiles make more and finer steps than the grid has. Takes 10 to 60 ms.
StepTable step_table_of(const StepModel* decode, const StepModel* prefill, const StepBox& box);

}  // namespace isobath
