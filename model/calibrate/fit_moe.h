/// Fits the routed experts' form to tables of MoE kernels.
#pragma once

#include <span>

#include "model/calibrate/fit_kernels.h"

namespace isobath {

/// The nine constants of MoeConstants. Neighbouring shares of peak are held together, where the rows do not
/// tell them apart. Every op is a FusedMoe.
FamilyFit<MoeConstants> fit_fused_moe(const GpuSpec& gpu, const Samples& samples);

/// The implementation that needs the least time for all `samples`; the family has one at least.
const Implementation<MoeConstants>& quickest(const GpuSpec& gpu, const KernelFamily<MoeConstants>& family,
                                             const Samples& samples);

}  // namespace isobath
