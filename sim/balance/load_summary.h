/// What a load of experts looks like before anything is placed.
#pragma once

#include <string>
#include <vector>

#include "model/balance/expert_load.h"

namespace isobath {

struct HotExpert {
    int layer        = 0;  ///< the model's own number
    int expert       = 0;
    double over_mean = 0;  ///< tokens over those of the layer's mean expert
};

struct LoadSummary {
    std::string source;
    int layers = 0, experts = 0;
    double hottest_over_mean   = 1;  ///< averaged over layers
    double deviation_over_mean = 0;  ///< of an expert within its layer, averaged over layers
    double idle                = 0;  ///< share of experts that no token chose
    std::vector<HotExpert> hottest;  ///< in falling order
};

/// `most` hottest experts of all layers.
LoadSummary summary_of(const ExpertLoad& load, std::size_t most = 10);

/// The model's own number of the load's row `layer`.
int layer_id(const ExpertLoad& load, int layer);

}  // namespace isobath
