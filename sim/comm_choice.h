/// Which communication library a scenario means, and whether it can do what the layout asks of it.
#pragma once

#include "model/comm/exchange_traffic.h"
#include "sim/resolve.h"

namespace isobath {

/// The library whose collectives serve where the chosen one has none: the engine's own all-reduce where it
/// has one (SGLang, TensorRT-LLM, vLLM), NCCL otherwise.
std::string collectives_of(const Scenario& scenario);

ExchangeMode mode_of(Comm comm);

/// The name of the library: the scenario's own, or for "auto" the newest known for this way of communicating
/// on this GPU.
std::string comm_library_of(const Scenario& scenario);

/// Throws SpecError if tokens travel and the library has no kernels for the layout's mode (naming the
/// libraries that have), or the mode cannot reach every rank.
void check_comm_library(const Scenario& scenario, const DataFiles& data, const Origin& origin);

}  // namespace isobath
