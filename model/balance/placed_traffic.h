/// What an uneven load does to the messages of an exchange.
#pragma once

#include "model/balance/placed_load.h"
#include "model/comm/exchange_traffic.h"

namespace isobath {

/// `even`, the traffic of experts that are all alike, with the ports of a batch of `tokens_per_rank` tokens
/// on the GPUs of `placed`: kernels that send a message per token and expert fill the busiest port as its
/// experts' rows do; those that send a copy per rank and node by how likely a token reaches them. What chance
/// adds to a mean port is kept.
ExchangeTraffic crowded(ExchangeTraffic even, const PlacedLoad& placed, double tokens_per_rank);

}  // namespace isobath
