/// What one GPU computes of a step, from the layout and the workload.
#pragma once

#include "model/layer.h"
#include "sim/scenario.h"

namespace isobath {

/// One micro-batch. `batch_per_gpu` counts requests over all micro-batches; `context` is what a decoding
/// request attends to, or the input tokens of a prefilled one. `received_per_token`: ranks that a token
/// reaches. `s_q`: query tokens per request in the mean; `Batch::s_q` is the next whole number.
///
/// Routing is random and uniform: an expert's rows are binomial over the tokens of its group, and all tokens
/// miss it with (1 - chosen / experts)^tokens. `hottest_rows` is the mean rank's until somebody knows better.
Batch batch_of(const Scenario& scenario, bool exchange, double batch_per_gpu, double context, double s_q,
               double received_per_token);

}  // namespace isobath
