/// Closed form of the routed experts as one group of kernels (FusedMoe).
///
///   t = launch + per_expert * experts + per_active * active + moved + sqrt(compute^2 + memory^2)
///   memory  = weights of the active experts / (bandwidth * share)
///   compute = padded rows * FLOP per row / (peak * share at the rows of an active expert)
///   moved   = (token_bytes * tokens * hidden + row_bytes * rows * (hidden + inter)) / (bandwidth * share)
///
/// An active expert's rows fill whole tiles: one at least, half a tile more than its rows on average.
#pragma once

#include "hw/calibration.h"
#include "model/kernel_forms.h"

namespace isobath {

/// The fixed parts are `launch`: kernels, and looking up every expert; moved bytes are in `memory`.
FormTime fused_moe_time(const MoeConstants& c, const Machine& machine, const FusedMoe& shape, int sms);

/// The family that serves experts in this format; null for a format that none was measured in, and where the
/// calibration has none of it.
const KernelFamily<MoeConstants>* fused_moe_family(const Calibration& calibration, Format format);

/// The implementation that is quickest at a shape; the family has one at least.
const Implementation<MoeConstants>* fastest(const KernelFamily<MoeConstants>& family, const Machine& machine,
                                            const FusedMoe& shape, int sms);

/// Bytes that the small kernels around the products move, and their time.
Bytes moved_bytes(const MoeConstants& c, const FusedMoe& shape);

/// Rows that are multiplied, tiles filled up.
double padded_rows(const FusedMoe& shape, int tile);

/// Share of peak at so many rows per active expert: linear over log2 between the knots of MoeConstants, in
/// the logarithm of the share; constant beyond them.
double compute_share(const MoeConstants& c, double rows);

}  // namespace isobath
