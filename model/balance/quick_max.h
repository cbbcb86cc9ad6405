/// E[max] of independent normals, fast enough to be asked for every layer of every batch.
#pragma once

#include <span>

namespace isobath {

/// As expected_max() of model/comm/routing.h, within 1e-3 of the largest deviation and forty times as fast: a
/// table of the normal distribution in steps of 1/64 and 64 places of the integral. Allocates nothing.
double quick_expected_max(std::span<const double> mean, std::span<const double> deviation);

}  // namespace isobath
