/// What another precision is assumed to cost in acceptance, from the pairs that were measured.
#pragma once

#include "hw/data.h"
#include "model/acceptance/survival.h"
#include "model/precision.h"

namespace isobath {

/// Whether a component that the target's logits hang on has fewer bits in `to` than in `from`: experts, other
/// products, or the cache.
bool is_coarser(const PrecisionPolicy& from, const PrecisionPolicy& to);

/// The loss of drafts that are accepted with chance `acceptance` when the target goes from one precision to
/// another: none unless it is coarser, else the constant loss of the measured pairs (model/numerics), whose
/// interval spans them all; leaving one report out, a constant predicts the others better than a noise model.
/// No controlled measurement exists for DeepSeek: the source says so.
AcceptanceLoss assumed_loss(const DataFiles& data, const PrecisionPolicy& from, const PrecisionPolicy& to,
                            double acceptance);

}  // namespace isobath
