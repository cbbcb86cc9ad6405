/// A training run: step, phases, GPU-hours, money and energy, what failures cost, and what-ifs.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/train/goodput.h"
#include "sim/plot/figure.h"
#include "sim/train/train_step.h"

namespace isobath {

/// A part of the run with a step of its own, or one whose hours are known and not predicted.
struct TrainPhaseSpec {
    std::string name;
    double tokens = 0, gpu_hours = 0;  ///< the latter where stated
    double sequence  = 0;              ///< 0: as the scenario
    int global_batch = 0, cp = 0;

    bool stated() const { return gpu_hours > 0; }
};

/// Those under /training/phases, else one of all tokens. Throws SpecError naming the place of what is wrong.
std::vector<TrainPhaseSpec> phases_of(const Scenario& scenario);

struct TrainPhaseResult {
    TrainPhaseSpec spec;
    TrainLayout layout;
    Seconds step;
    double steps = 0, gpu_hours = 0;
    bool fits = true;
};

/// 80 % interval.
struct TrainRange {
    Seconds low, high;
};

struct TrainResult {
    Scenario scenario;
    TrainLayout layout;
    std::shared_ptr<const RouterSample> sample;  ///< for variants of the same model
    LayerCosts costs;
    PairTimes layer;  ///< of one layer of experts, forward and backward overlapped, all over four of them
    Seconds layer_weight_main_stream;
    TrainStep step;
    TrainRange step_range, layer_range;
    Flops flop_per_token;                      ///< of the model, causal, MTP left out: what MFU counts
    double mfu = 0, hardware_utilisation = 0;  ///< of the BF16 peak; the latter with MTP and recomputation
    double tokens_per_day = 0;

    std::vector<TrainPhaseResult> phases;
    double gpu_hours = 0;  ///< of all phases, training alone
    double usd = 0, megawatt_hours = 0, days = 0;
    Failures failures;
    Seconds checkpoint_interval;
    double wall_per_useful = 1;

    bool fits() const;
};

enum class Ranges : std::uint8_t { wanted, left_out };

/// Evaluates a scenario. Throws SpecError where it is not one of training or its layout does not come out
/// whole. `sample`: see TrainModel. Intervals take twelve more evaluations.
TrainResult train(const Scenario& scenario, const DataFiles& data,
                  std::shared_ptr<const RouterSample> sample = nullptr, Ranges ranges = Ranges::wanted);

/// The step's tokens.
double tokens_per_step(const TrainLayout& layout);

nlohmann::json to_json(const TrainResult& result);
std::string to_text(const TrainResult& result);

/// The pipeline's schedule, one row per rank; all of a short one, else its first and last chunks.
plot::Figure schedule_figure(const TrainResult& result);
/// One layer of experts forward beside one backward: the two streams.
plot::Figure layer_figure(const TrainResult& result, const DataFiles& data);

}  // namespace isobath
