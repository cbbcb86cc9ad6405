/// Fits the products of a rank's experts from tables that time them together with their small kernels.
#pragma once

#include "model/calibrate/fit_kernels.h"

namespace isobath {

/// Products have one launch, small kernels the one that H800's tables give them. Small kernels move bytes at
/// one share of bandwidth; each layout of the products has its own constants, but no time per tile: these
/// rows do not tell it from the launch.
struct ExpertsFit {
    FamilyFit<GemmConstants> masked, contiguous;
    FamilyFit<OverlapConstants> small;
};

/// Samples are products and small kernels in sequence (silicon_moe.h); either layout may have none.
ExpertsFit fit_exchanged_experts(const GpuSpec& gpu, const Samples& masked, const Samples& contiguous,
                                 int max_tile_n);

}  // namespace isobath
