/// The units of a plan as launch lines.
#pragma once

#include "sim/planner/answer.h"

namespace isobath {

/// Each kind of unit for SGLang, vLLM and TensorRT-LLM, the scenario's own engine first.
std::vector<UnitLaunch> launches_of(const Scenario& scenario, const PlanSearch& search,
                                    const PlanRecord& record, const DataFiles& data);

}  // namespace isobath
