/// Fits all-reduce, all-gather, reduce-scatter and all-to-all of one GPU to measured rows.
#pragma once

#include <span>
#include <vector>

#include "model/calibrate/comm_samples.h"

namespace isobath {

/// One fit per kind and number of ranks among `samples`. With `one_shot` the library has an all-reduce of one
/// shot beside its ring.
///
/// `nvlink` is nominal; no bandwidth is fitted above what a switch that adds can reach (twice that).
std::vector<CollectiveFit> fit_collectives(std::span<const CollectiveSample> samples, const std::string& gpu,
                                           BytesPerSecond nvlink, bool one_shot);

/// What the fits predict for a row of one domain.
Estimate predicted(std::span<const CollectiveFit> fits, const CollectiveSample& sample);

}  // namespace isobath
