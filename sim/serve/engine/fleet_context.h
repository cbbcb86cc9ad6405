/// What the units of a fleet share.
#pragma once

#include <algorithm>

#include "sim/serve/engine/ledger.h"
#include "sim/serve/engine/steps_law.h"

namespace isobath::engine {

/// Prompt tokens that a unit has to compute for a request, those said to be cached aside: its load.
inline std::int64_t work_of(const Served& served) {
    return served.prompt - std::min(served.said_cached, served.prompt - 1);
}

/// What the units of a fleet share.
struct FleetContext {
    FleetContext(const FleetSpec& fleet, const ServeSetup& whole_setup, const ServeHooks& hooks,
                 int fleet_index)
        : spec(fleet.unit),
          setup(whole_setup),
          index(fleet_index),
          law(fleet.unit.accepted),
          ledger(whole_setup, hooks, fleet_index, fleet.unit.ranks) {}

    const UnitSpec& spec;
    const ServeSetup& setup;
    const int index;
    const StepsLaw law;
    Pool pool;
    Ledger ledger;
};

}  // namespace isobath::engine
