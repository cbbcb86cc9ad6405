/// The answer to `isobath balance`: how uneven the experts are, and what placement and copies do about it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/balance/drift.h"
#include "model/balance/training_balance.h"
#include "sim/balance/balance_scenario.h"
#include "sim/balance/dispatch_sample.h"
#include "sim/balance/load_summary.h"
#include "sim/balance/placed_variant.h"

namespace isobath {

struct LayerBalance {
    int layer                = 0;  ///< the model's own number
    double hottest_over_mean = 1;  ///< of its experts
    double before = 1, after = 1;  ///< mean / max over ranks, endless batch
    double in_distribution = 1;    ///< of EPLB planned on the load itself
    int busiest            = 0;    ///< rank, of the scenario's placement
};

struct RankBalance {
    int rank = 0, node = 0;
    double before   = 1,
           after    = 1;  ///< tokens over the mean rank's, averaged over layers; either sums to ranks
    double worst    = 1;  ///< of any layer, on the scenario's placement
    int worst_layer = 0;
};

/// The loads of all ranks in two placements of the same load.
struct RankMaps {
    std::string before_name;            ///< "own order", "copies only"; empty: there is nothing before
    std::vector<double> before, after;  ///< [layers x ranks] tokens over the layer's mean
};

struct DriftReport {
    std::string to;
    DriftSpec spec;
    DriftResult result;
    Bytes expert;              ///< weights of one expert of one layer
    BytesPerSecond bandwidth;  ///< into a GPU
    double copies_moved = 0;   ///< into the busiest GPU, per rebalance
};

struct TrainingReport {
    std::string method;  ///< "none", "aux", "bias", "sequence"
    TrainingSpec spec;
    TrainingBalance result;
};

struct Balance {
    BalanceScenario of;
    StepInput input;
    LoadSummary load;
    std::vector<PlacedVariant> variants, slots;
    std::vector<LayerBalance> layers;
    std::vector<RankBalance> ranks;
    RankMaps maps;
    std::optional<DispatchSample> network;
    std::string no_network;  ///< why there is none
    std::optional<DriftReport> drift;
    std::vector<TrainingReport> training;

    const PlacedVariant& as_planned() const;
    const PlacedVariant* find(const std::string& variant) const;
};

/// Throws SpecError as the parts do.
Balance balance_of(BalanceScenario scenario, const DataFiles& data);

/// The load passes from the scenario's to `to` while EPLB follows.
DriftReport drift_of(const Scenario& scenario, const ExpertLoad& to, const DriftSpec& spec,
                     const DataFiles& data);

/// One method ("none", "aux", "bias", "sequence") in training a router of the scenario's model, with the
/// scenario's seed. `capacity` 0 drops nothing. Strengths: bias 0.01 (DeepSeek-V3's speed of 0.001, ten times
/// over, for a hundred steps or so instead of a million), aux 0.01 (Switch), sequence 0.0001 (DeepSeek-V3).
///
/// Throws SpecError for another method, and as simulate_training_balance().
TrainingReport train_router(const Scenario& scenario, const std::string& method, int steps, double capacity);

nlohmann::json to_json(const Balance& balance);

}  // namespace isobath
