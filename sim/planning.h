/// What a capacity plan is asked for: fields of a scenario under /plan.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload.h"

namespace isobath {

/// What makes one plan better than another.
enum class Objective : std::uint8_t { cost, gpus, throughput, latency, energy };
/// How much must be served: the scenario's own workload, or as much as the GPUs can.
enum class PlanDemand : std::uint8_t { load, all };

/// Values that a plan may take, list by list; an empty list stands for all sensible ones.
struct PlanLists {
    std::vector<std::string> modes;            ///< "aggregated", "split"
    std::vector<std::string> clusters;         ///< presets; prefill and decode may lie on different ones
    std::vector<double> unit_gpus;             ///< GPUs that step together
    std::vector<double> tp, cp, pp;            ///< attention dp follows from the four
    std::vector<double> ep, redundant;         ///< expert tp follows
    std::vector<std::string> comms, overlaps;  ///< as under /layout
    PresetText precisions{"[]"};               ///< presets, or objects that extend one
    std::vector<std::string> speculations;     ///< "none" or METHOD:DEPTH
    std::vector<double> chunks;                ///< of aggregated units
    std::vector<double> batches;               ///< requests that decode on one attention rank
};

struct Planning {
    PlanDemand demand   = PlanDemand::load;
    Objective objective = Objective::cost;
    int max_gpus        = 0;  ///< of the whole deployment, spares included; 0: the cluster's
    double budget       = 0;  ///< USD per hour; 0: no limit
    double growth       = 0;  ///< the load may grow by this share
    int spare           = 0;  ///< units of each kind beyond what the load needs (1: N+1)
    double confidence   = 0;  ///< chance that the SLO must hold with; 0: the estimate alone must
    PlanLists space;
};

}  // namespace isobath
