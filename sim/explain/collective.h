/// Ring collectives of NCCL, explained.
#pragma once

#include "sim/explain/study.h"

namespace isobath {

/// Adds equation, inputs and steps of a collective over `buffer` among `group`; the last step is its time.
void add_ring(const Study& study, Collective kind, Bytes buffer, CommGroup group, Explanation& e);

}  // namespace isobath
