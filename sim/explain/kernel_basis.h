/// What a kernel's time is made of: which family and implementation, its constants, its form's parts.
#pragma once

#include <optional>

#include "model/calibrated_time.h"

namespace isobath {

/// What stands behind a CalibratedTime's cost() of one kernel. Pointers go into the calibration.
struct KernelBasis {
    const char* family                              = "";       ///< "gemm_fp8"
    const Implementation<GemmConstants>* tiled      = nullptr;  ///< one of the three, or none: the roofline
    const Implementation<OverlapConstants>* overlap = nullptr;
    const Implementation<MoeConstants>* fused       = nullptr;
    Hiding hiding                                   = Hiding::partial;
    bool familiar = true;  ///< the constants were fitted in this number format
    Math math     = Math::bf16;
    Machine machine;
    FormTime form;                 ///< of the roofline too: no launch, the longer part
    Flops flop;                    ///< what the form computes, the kernel's padding included
    std::optional<Tiling> tiling;  ///< of tiled products
};

/// The same choices as CalibratedTime's; `form.time` is the time that it gives.
KernelBasis basis_of(const Op& op, const GpuSpec& gpu, const Calibration& calibration,
                     const KernelChoice& choice, int sms);

}  // namespace isobath
