/// Which drafts a step verifies: trees, and thresholds on confidence.
#pragma once

#include <string>

#include "model/acceptance/tree.h"
#include "sim/step.h"

namespace isobath {

enum class ThresholdKind : std::uint8_t { none, fixed, adaptive };

struct Threshold {
    ThresholdKind kind = ThresholdKind::none;
    double tau         = 0;  ///< of a fixed one
};

/// "none", "static:0.5" or "adaptive"; nothing where it is none of them, or tau lies outside [0, 1].
std::optional<Threshold> parse_threshold(const std::string& text);
std::string to_string(const Threshold& threshold);

/// Tokens per step of the method's tree. `ranks`: per depth, accuracy of the first 1, 2, ... candidates, if
/// known; else each rank's share is assumed (rank_chances). A dynamic tree is grown for each of 64 equally
/// likely contexts.
double tree_tokens(const Speculation& speculation, const std::vector<std::vector<double>>& ranks);

/// What the scenario's threshold verifies at this batch; nothing where it has none. Adaptive allocation asks
/// the step model what verifying 0, 1, ... drafts per request takes.
std::optional<DraftLoad> load_of(const StepModel& model, const ContextCurves& contexts,
                                 const Threshold& threshold, const StepInput& input, StepWorkspace& work);

/// The same from the scenario's own text; for one evaluation.
std::optional<DraftLoad> load_of(const StepModel& model, const StepInput& input, StepWorkspace& work);

/// Requests whose drafts one pass makes together.
double requests_of(const Scenario& scenario, const StepInput& input);

}  // namespace isobath
