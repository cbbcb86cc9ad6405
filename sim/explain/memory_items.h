/// The items of memory.cc and what they share.
#pragma once

#include "sim/explain/study.h"
#include "sim/memory_demand.h"

namespace isobath {

MemoryDemand demand_of(const Study& study);
/// "model deepseek-v3: " and where its config was read.
std::string model_from(const Study& study);
/// Format and layers of the cache as inputs, bytes of a token on this GPU as a step.
void add_cache(const Study& study, Explanation& e);

void explain_weights(const Study& study, Explanation& e);
void explain_cache(const Study& study, Explanation& e);
void explain_activations(const Study& study, Explanation& e);
void explain_buffers(const Study& study, Explanation& e);

}  // namespace isobath
