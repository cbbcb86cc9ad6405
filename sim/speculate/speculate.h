/// Which method, depth and threshold pay, at which batch and precision: one deployment priced with each.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/acceptance/survival.h"
#include "sim/overrides.h"
#include "sim/plot/figure.h"
#include "sim/speculate/policy.h"

namespace isobath {

/// What to compare; an empty list is filled: batches by powers of two until the cache is full, depths 1 to
/// the scenario's or 3, thresholds none and adaptive, the scenario's own precision.
struct SpeculateAsk {
    std::vector<double> batches;  ///< requests per GPU
    std::vector<int> depths;
    std::vector<Threshold> thresholds;
    std::vector<std::string> precisions;           ///< presets
    std::map<std::string, AcceptanceLoss> losses;  ///< by precision; none: assumed_loss()
    bool optimise = false;                         ///< also the best depth and threshold at each batch
};

/// A value with its interval.
struct Ranged {
    double value = 0, low = 0, high = 0;
};

/// One way to speculate: depth 0 is none.
struct Choice {
    std::string precision;
    int depth = 0;
    Threshold threshold;

    bool operator==(const Choice& o) const {
        return precision == o.precision && depth == o.depth && threshold.kind == o.threshold.kind &&
               threshold.tau == o.threshold.tau;
    }
};

struct SpeculatePoint {
    Choice choice;
    double batch    = 0;       ///< requests per GPU
    double verified = 0;       ///< drafts verified per request and step, in the mean
    Ranged tokens;             ///< per step and request
    Ranged step;               ///< [s]
    double drafts = 0;         ///< of the step, making drafts [s]
    Ranged per_user, per_gpu;  ///< output tokens/s; the ends of tokens and step taken together
    double gain = 1;           ///< over no speculation at the same batch and precision
    bool fits   = true;
};

/// Where a choice stops paying.
struct BreakEven {
    Choice choice;
    std::optional<double> batch;  ///< between two batches that were asked, straight in its logarithm
    double first_gain = 1, last_gain = 1;
};

struct SpeculateStudy {
    Scenario scenario;  ///< the decode step, as first asked
    std::vector<SpeculatePoint> points;
    std::vector<BreakEven> break_even;
    std::vector<SpeculatePoint>
        best;  ///< with `optimise`: the most tokens/s per GPU at each batch and precision
    std::vector<std::string> notes;  ///< sources of what is uncertain
};

/// Prices the decode step of a decode or serve scenario. Where the scenario does not speculate, its model's
/// MTP module does, with the default acceptance. Throws SpecError where the model ships none.
SpeculateStudy speculate(const std::string& path, const DataFiles& data,
                         const std::vector<Override>& overrides, const SpeculateAsk& ask);

/// Prices one choice of a resolved model at one batch: a few step evaluations, no allocation once warm but by
/// adaptive allocation.
SpeculatePoint price(const StepModel& model, const ContextCurves& contexts, const Threshold& threshold,
                     const StepInput& input, StepWorkspace& work);

nlohmann::json to_json(const SpeculateStudy& study);
std::string to_text(const SpeculateStudy& study);
plot::Figure figure_of(const SpeculateStudy& study);

/// "depth 2, adaptive", "no speculation"; the precision too if `named`.
std::string to_string(const Choice& choice, bool named);

}  // namespace isobath
