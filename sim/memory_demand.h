/// What a step of a scenario asks of one GPU's memory.
#pragma once

#include "model/memory.h"
#include "sim/step.h"

namespace isobath {

MemoryDemand memory_demand(const Scenario& scenario, const Batch& batch, const StepInput& input);

}  // namespace isobath
