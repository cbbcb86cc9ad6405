/// Which layouts can exist on which clusters.
#pragma once

#include "sim/planner/space.h"

namespace isobath {

/// Fills space.clusters with every cluster of the list and the layouts that can exist on it.
void add_clusters(const Scenario& scenario, const DataFiles& data, PlanSpace& space);

}  // namespace isobath
