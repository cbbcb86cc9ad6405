/// The parts of a drafter on the target's GPUs: kernels, weights, cache, or a deployment of its own.
#pragma once

#include "model/acceptance/draft_plan.h"
#include "model/layer.h"
#include "model/weights.h"
#include "sim/scenario.h"

namespace isobath {

class StepModel;

/// One head that drafts, on one row per request: final norm, logits and choice of token; before them a Medusa
/// head's residual block, one square matrix with SiLU (Cai and others, 2024).
void append_draft_heads(const LayerContext& context, const DraftPlan& plan, OpList& out);

/// Adds what drafters other than MTP hold to `weights.mtp` and to the cache of a token. EAGLE: one layer of
/// the target's attention with a dense FFN, the join, and no embedding or head of its own; Medusa: a square
/// matrix and a head of its own for each; another model: all of it, on the same ranks. In the format of MTP
/// modules.
void add_draft_weights(const Scenario& scenario, const DraftPlan& plan, const StepModel* draft_model,
                       WeightBytes& weights);

/// The model that drafts, on the target's GPUs with the target's tensor parallelism; it drafts for itself no
/// more.
Scenario scenario_of_draft(const Scenario& scenario);

}  // namespace isobath
