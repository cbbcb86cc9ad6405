/// Dispatch and combine whose constants were fitted row by row.
#pragma once

#include "sim/explain/study.h"

namespace isobath {

/// Adds constants and steps; false if the library has no fit that reaches across these nodes.
bool add_fitted_exchange(const Study& study, bool dispatch, Explanation& e);

}  // namespace isobath
