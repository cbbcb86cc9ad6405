/// Scenarios that candidates share: one for each cluster, precision and speculation.
#pragma once

#include <map>
#include <memory>

#include "sim/planner/space.h"
#include "sim/step.h"

namespace isobath {

struct BaseKey {
    std::string cluster, precision;  ///< a preset, JSON text
    SpeculationChoice speculation;
};

/// The scenario with that cluster, precision and speculation resolved; its layout is not looked at.
/// Throws SpecError naming what does not resolve.
Scenario base_scenario(const Scenario& scenario, const BaseKey& key, const DataFiles& data);

/// `base` with its experts' load placed, as redundant experts need: by the scenario's own balancer, or EPLB.
Scenario placed_scenario(const Scenario& base, const DataFiles& data);

}  // namespace isobath
