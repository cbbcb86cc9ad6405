/// Can this layout exist? Every refusal names the field and what would do.
#pragma once

#include "hw/data.h"
#include "sim/resolve.h"
#include "sim/scenario.h"

namespace isobath {

/// Throws SpecError if ranks, experts, heads, layers or micro-batches do not divide as the layout says, the
/// communication library cannot do what is asked of it, or the workload is beyond counting.
void check_layout(const Scenario& scenario, const DataFiles& data, const Origin& origin);

}  // namespace isobath
