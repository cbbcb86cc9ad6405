/// The two greedy steps of EPLB on one layer: packing, and giving copies.
#pragma once

#include <span>

#include "model/balance/eplb.h"

namespace isobath {

/// Packs items into `bins` of equally many, in descending order of weight, each to the lightest bin with
/// room, the first of equals: item i becomes number s.place[i] of bin s.bin[i]. Bins of one item keep their
/// order.
void pack(std::span<const float> weight, int bins, EplbScratch& s);

/// Gives `slots` to experts, one each and then one at a time to whoever's copies carry most, the first of
/// equals. Slot i holds copy s.slot_copy[i] of expert s.slot_expert[i]; s.quotient is each expert's load per
/// copy.
void replicate(std::span<const float> weight, int slots, std::span<int> copies, EplbScratch& s);

}  // namespace isobath
