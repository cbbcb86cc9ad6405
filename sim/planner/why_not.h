/// Why one plan, or one kind of plan, is not the answer.
#pragma once

#include <string>

#include "sim/planner/answer.h"

namespace isobath {

/// Searches only what `text` names ("tp=8,ep=16,batch=32"; keys: mode, gpus, tp, dp, cp, pp, ep, redundant,
/// comm, overlap, speculation, batch, chunk; others stay free) and says how its best compares with the
/// answer, or for which reasons nothing is left. Throws SpecError on an unknown key or value.
std::string why_not(const PlanAnswer& answer, const std::string& text, const DataFiles& data);

}  // namespace isobath
