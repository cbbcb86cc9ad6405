/// Training layouts for a model on a cluster: all that come out whole, the quickest that fit first.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/train/train_step.h"

namespace isobath {

struct LayoutChoice {
    TrainLayout layout;
    Seconds estimate;  ///< by closed forms
    Seconds step;      ///< by running the pipeline; of the listed ones alone
    Bytes memory;      ///< of the fullest rank
};

struct LayoutSweep {
    int considered = 0, evaluated = 0, fitting = 0;
    std::map<std::string, int> excluded;  ///< why, and how many
    std::vector<LayoutChoice> best;       ///< that fit, quickest first
    LayoutChoice asked;                   ///< the scenario's own
};

/// Every combination of pipeline stages, tensor, context and expert parallelism (powers of two), 1 to 8
/// sequences in a micro-batch, schedule, recomputation and ZeRO, on the scenario's GPUs and batch; data
/// parallelism takes what is left. `at_most` evaluations, 0: all. The `keep` quickest are run, and sorted by
/// that.
LayoutSweep sweep_layouts(const TrainModel& model, int keep, int at_most = 0);

nlohmann::json to_json(const LayoutSweep& sweep);
std::string to_text(const LayoutSweep& sweep);

}  // namespace isobath
