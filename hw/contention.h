/// What kernels do to each other when they share a GPU.
#pragma once

#include "hw/data.h"
#include "hw/figure.h"

namespace isobath {

struct ContentionConstants {
    Figure<double> comm_under_compute;  ///< communication kernels run this much slower while compute is busy
    Figure<double> compute_under_comm;  ///< and compute this much slower while they move data
    Figure<Seconds> notify;             ///< isolated notify kernel before a normal dispatch or combine
    Figure<double> rank_skew;           ///< ranks reach a barrier this share of the preceding stage apart
};

/// Reads hw/calibrations/contention/contention.json. Throws SpecError as any reader.
ContentionConstants load_contention(const DataFiles& data);

}  // namespace isobath
