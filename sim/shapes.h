/// The kernels that a scenario's step runs, as a profiler should measure them.
#pragma once

#include <string>
#include <vector>

#include "hw/kernel_point.h"
#include "sim/scenario.h"

namespace isobath {

struct ScenarioShapes {
    std::vector<KernelPoint> points;      ///< each once, in the order of the step
    std::vector<std::string> unmeasured;  ///< kernels of the step that no measurement knows
};

/// Of the step that run_scenario() reports. Throws SpecError as that does.
ScenarioShapes shapes_of(const Scenario& scenario, const DataFiles& data);

}  // namespace isobath
