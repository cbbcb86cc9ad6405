/// What must be served, within which limits: plain numbers that the arithmetic of a plan needs.
#pragma once

#include <algorithm>

#include "sim/scenario.h"

namespace isobath {

/// So many clients in a closed loop, so many requests per second, or as much as the GPUs can.
enum class DemandKind : std::uint8_t { clients, requests, all };

struct PlanQuestion {
    DemandKind kind     = DemandKind::clients;
    Objective objective = Objective::cost;
    double demand       = 0;        ///< clients, or requests per second, growth included
    double prompt = 1, answer = 2;  ///< mean tokens
    double cached      = 0;         ///< share of a prompt that need not be computed
    double first_share = 0.1;       ///< of the requests, that meet an idle server: the first of each client
    double ttft_limit = 0, tpot_limit = 0;  ///< seconds; infinite where there is none
    int max_gpus     = 0;
    double budget    = 0;  ///< USD per hour; infinite where there is none
    int spare        = 0;
    double front_end = 0, hand_over = 0;  ///< seconds; hand_over is the decode cluster's

    /// Tokens of a prompt that are computed.
    double computed() const { return std::max(1.0, prompt * (1 - cached)); }
    /// Tokens gained after the first one, in steps that yield `gain` each.
    double rounds(double gain) const;
};

/// Throws SpecError where the load cannot be planned for (a trace, growth of what has no size).
PlanQuestion plan_question(const Scenario& scenario);

}  // namespace isobath
