/// The scenario whose experts are judged: uneven, with a place for each of them.
#pragma once

#include <string>
#include <vector>

#include "hw/data.h"
#include "sim/overrides.h"
#include "sim/scenario.h"

namespace isobath {

/// What the caller puts in place of the scenario's own words under /routing; empty: the scenario's.
struct RoutingAsk {
    std::string load, planned_on, placement;
};

struct BalanceScenario {
    Scenario scenario;               ///< one step: decode or prefill; `load` and `planned_load` are set
    std::vector<std::string> notes;  ///< what was taken in place of what the scenario leaves open
};

/// Reads a scenario, and the loads and placement that are asked for.
///
/// Experts that are all alike become the preset deepseek-v3 with the workload nearest to the scenario's own,
/// unless "uniform" was asked for; redundant experts without a placement are placed by EPLB;
/// routing.max_over_mean, which stands for a load that nobody counted, is left out. A server is judged by the
/// decode step that it settles at.
///
/// Throws SpecError as load_scenario(); for a model without experts; for training; where the preset does not
/// fit the model.
BalanceScenario load_balance_scenario(const std::string& path, const DataFiles& data,
                                      const std::vector<Override>& overrides, const RoutingAsk& ask);

/// Another load of the same scenario, by the words that `routing.popularity` takes. `flag` names it in
/// messages.
ExpertLoad load_other(const std::string& path, const DataFiles& data, std::vector<Override> overrides,
                      const std::string& text, const std::string& flag);

}  // namespace isobath
