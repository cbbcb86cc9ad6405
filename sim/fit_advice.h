/// What would fit, where a step does not.
#pragma once

#include "sim/step.h"

namespace isobath {

struct FitAdvice {
    double batch_per_gpu = 0;     ///< the most whole requests per GPU that fit; 0: not even one does
    bool weights_fit     = true;  ///< weights and the engine's own buffers, without any request
    int ep               = 0;  ///< experts over so many ranks would make the weights fit; 0: no number does
    int tp               = 0;  ///< heads over so many ranks would, of a model without experts
};

/// Finds the largest batch of the scenario's own length by bisection: memory only grows with the batch.
/// Where not even weights fit, tries every EP above the scenario's that divides the physical experts, or
/// every TP that divides the heads of a model without experts.
FitAdvice fit_advice(const StepModel& model, const StepInput& input);

/// "largest batch that fits: 147 requests per GPU", or what the weights would need.
std::string to_text(const FitAdvice& advice, const Scenario& scenario);

}  // namespace isobath
