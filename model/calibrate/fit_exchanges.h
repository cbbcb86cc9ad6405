/// Fits DeepEP's dispatch and combine on one GPU to measured rows.
#pragma once

#include <span>
#include <vector>

#include "model/calibrate/comm_samples.h"

namespace isobath {

/// One fit per mode, way and number of nodes among `samples`.
///
/// Over several nodes only alpha belongs to the number of nodes; a NIC's rate is one for all, but above four
/// nodes, where normal kernels have their own in their own cluster (ExchangeFit::own_cluster_only).
/// Bandwidths stay below `nvlink` and `nic`, the nominal ones.
std::vector<ExchangeFit> fit_exchanges(std::span<const ExchangeSample> samples, const GpuSpec& gpu,
                                       const NicSpec& nic);

/// What the fits predict for a row; `all`: those of their own cluster too.
Estimate predicted(const CommFits& fits, const GpuSpec& gpu, const NicSpec& nic, const ExchangeSample& sample,
                   bool all = true);

}  // namespace isobath
