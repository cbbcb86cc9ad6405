/// What a step means to users and to the bill.
#pragma once

#include "sim/step.h"

namespace isobath {

struct Rates {
    double tokens_per_step         = 1;  ///< output tokens a request gains in a step
    double output_tokens_per_s_gpu = 0, input_tokens_per_s_gpu = 0;
    Seconds tpot, ttft;  ///< of a decode step; of a prefill step
    double usd_per_hour = 0, usd_per_million_output_tokens = 0, usd_per_million_input_tokens = 0;
};

/// Throughput, latency and cost where every step takes `step`. Allocates nothing.
Rates rates_of(const Scenario& scenario, const StepInput& input, Seconds step);

}  // namespace isobath
