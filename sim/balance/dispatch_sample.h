/// One dispatch and combine of one layer, token by token: what crosses each port, and how long it takes by
/// either tier of the network model.
#pragma once

#include <string>
#include <vector>

#include "model/comm/exchange_flows.h"
#include "sim/step.h"

namespace isobath {

/// One class of ports, over all GPUs.
struct PortClass {
    std::string name;  ///< "NIC out", "NIC in", "NVLink out", "NVLink in"
    Bytes busiest, mean;
    double utilisation = 0;  ///< of the busiest port, over the way's time by the fluid tier
    double busiest_over_mean() const { return mean > Bytes{} ? busiest / mean : 1; }
};

/// One way of the exchange. Times are of the ports alone: no launch, no latency.
struct SampledWay {
    std::vector<PortClass> ports;  ///< those that any byte crosses
    Seconds bottleneck;            ///< T0: the busiest port's bytes over its bandwidth
    Seconds fluid;                 ///< T1: the last flow's end under max-min fair shares, 1 % batching
};

struct DispatchSample {
    int layer     = 0;  ///< the model's own number
    double tokens = 0;  ///< on each GPU, of one micro-batch
    int sampled   = 0;  ///< of them; bytes are scaled up where that is fewer
    ExchangeMode mode{};
    double distinct_ranks = 0, distinct_nodes = 0;  ///< per token, its own included if it stays
    double density   = 1;                           ///< share of pairs of GPUs that exchange a message
    NetworkTier tier = NetworkTier::bottleneck;     ///< which of the two to believe
    SampledWay dispatch, combine;
    Seconds kernel_dispatch, kernel_combine;  ///< by the step model: latency and send kernels included
    double rows_max_over_mean   = 1;          ///< token-expert pairs of the busiest rank
    double padding_mean         = 1;          ///< rows computed over rows, tiles filled up: all ranks
    double padding_busiest_rank = 1;
};

/// Why tokens of this model's scenario cannot be followed; empty if they can.
std::string no_dispatch(const StepModel& model);

/// Routes one micro-batch (at most 16,384 tokens of it) of the load's row `layer` with the scenario's seed.
/// A gate with groups is a TokenRouter fitted to the load, else every token picks by inclusion probability.
///
/// What is computed is padded per expert to tiles of 64 rows where its rows fit into one, else of 128.
DispatchSample sample_dispatch(const StepModel& model, const StepInput& input, int layer);

/// The row whose mean / max is in the middle of all rows: `ranks` as rank_shares().
int middle_layer(const std::vector<double>& shares, int ranks);

}  // namespace isobath
