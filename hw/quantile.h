/// The value below which a share of some values lies.
#pragma once

#include <vector>

namespace isobath {

/// Linear between the two nearest values, so that 0 is the least and 1 the greatest; 0 of none.
double quantile(std::vector<double> values, double share);

}  // namespace isobath
