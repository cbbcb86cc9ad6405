/// Can this layout exist? Every refusal names the field and what would do.
#pragma once

#include "sim/resolve.h"
#include "sim/scenario.h"

namespace isobath {

/// Throws SpecError if ranks, experts, heads or micro-batches do not divide as the layout says.
void check_layout(const Scenario& scenario, const Origin& origin);

}  // namespace isobath
