/// A deployment of a plan as a scenario that `run`, `curve` and `serve` take.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/planner/plan.h"

namespace isobath {

/// The layout as it stands in a scenario.
nlohmann::json layout_json(const Layout& layout);

/// The asked scenario with the deployment's units, precision, speculation, chunk and load in place; null
/// where prefill and decode lie on different kinds of cluster, which one scenario cannot say.
///
/// Spares are left out: they carry no load. With demand `all` the load is the clients that it serves.
nlohmann::json planned_scenario(const Scenario& asked, const PlanSearch& search, const PlanRecord& record);

}  // namespace isobath
