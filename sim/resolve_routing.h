/// From the words under /routing to the loads and placements they stand for.
#pragma once

#include "model/balance/placed_load.h"
#include "sim/resolve.h"

namespace isobath {

/// Reads the load that is judged and the one that the placement is planned on. A load is "uniform", a law
/// ("lognormal:0.8"), a preset and its workload ("deepseek-v3:prefill_in4096") or a file of counts; laws and
/// presets are drawn with the scenario's seed.
///
/// Log-normal popularity without a placement stays a law: its expectation over draws has a closed form
/// (popularity.h). Throws SpecError naming the field.
void resolve_routing(Scenario& scenario, const DataFiles& data, const Origin& origin);

/// The experts' places that the scenario asks for, in this layout. Throws SpecError where EPLB cannot divide.
ExpertPlacement placement_of(const Scenario& scenario, const Layout& layout);

/// The judged load on that placement; nothing where experts are all alike or ideally balanced.
std::shared_ptr<const PlacedLoad> placed_load_of(const Scenario& scenario, const Layout& layout);

}  // namespace isobath
