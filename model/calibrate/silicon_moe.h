/// Silicon rows of MoE kernels as the experts of one rank.
#pragma once

#include "model/calibrate/moe_routing.h"
#include "model/calibrate/silicon.h"
#include "model/op.h"

namespace isobath {

/// The routing that a row names. Kernels called min_latency have DeepSeek-V3's gate in them.
MoeTraffic traffic_of(const SiliconRow& row);

/// A rank's experts after an all-to-all, kernel by kernel: a row of family "moe_generation" (each expert's
/// rows in a slot) or "moe_context" (one after another). The collector runs SGLang's expert layer on the
/// fullest rank; in "moe_context" every token of the group lies in its buffers, whether it has an expert here
/// or not, and uniform loads are not padded to blocks of 128 rows, so that only rows / 128 experts are
/// multiplied.
std::vector<Op> expert_kernels_of(const SiliconTable& table, const SiliconRow& row);

/// A row of family "moe": the fullest rank, rows and active experts as means over 16 draws of the routing
/// that the row names. The collector takes 5 draws; more come closer to what those mean. Throws SpecError on
/// an unknown format or distribution.
FusedMoe fused_moe_of(const SiliconTable& table, const SiliconRow& row);

}  // namespace isobath
