/// Tokens that one attention rank of a unit has room for.
#pragma once

#include "sim/memory_demand.h"

namespace isobath {

/// What `requests` on each attention rank, each holding `context` tokens, ask of one GPU whose steps take up
/// to `tokens` new tokens of a rank.
MemoryUse memory_in_use(const StepModel& model, double requests, double context, double tokens);

}  // namespace isobath
