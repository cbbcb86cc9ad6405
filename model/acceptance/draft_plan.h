/// What a drafting method runs in every step, and how many tokens the target then verifies.
#pragma once

#include <cstdint>

namespace isobath {

enum class DraftKind : std::uint8_t {
    none,
    target_block,  ///< a layer of the target's own kind with an input join (MTP)
    dense_block,   ///< attention as the target's, a dense FFN, an input join (EAGLE)
    heads,         ///< a residual block and a vocabulary head each (Medusa)
    model          ///< another model
};

/// Rows are per request. Sources of the rows: vLLM's draft proposer, TensorRT-LLM's one-model MTP worker and
/// SGLang's draft-extend pass all run the first pass on every verified token, because the module's own cache
/// lacks them, then gather one row per request (one per kept branch of a tree) for the passes that follow;
/// the vocabulary head sees only rows that draft.
struct DraftPlan {
    DraftKind kind    = DraftKind::none;
    int passes        = 0;     ///< one after another
    int side_by_side  = 1;     ///< blocks or heads in one pass
    bool joins        = true;  ///< embedding and hidden state are joined before the block (eh_proj)
    bool first_on_all = true;  ///< the first pass sees every verified token; else one row per request
    double later_rows = 1;     ///< from the second pass on; 0: every verified token again
    int verified      = 1;     ///< tokens of the target's step: drafts or tree nodes, and the step's own
    int modules       = 0;     ///< sets of block weights, with a cache layer each
};

/// `depth` tokens one after another by one module reused, or by `trained` modules of their own: these keep a
/// cache each, so every pass sees every verified token.
DraftPlan mtp_plan(int depth, bool trained);
/// `depth` blocks of the target's kind on the same hidden state, each for a position further on (Gloeckle and
/// others, 2024): one pass, all verified tokens, because each block has a cache.
DraftPlan parallel_heads_plan(int depth);
/// `depth` heads on the last accepted token; `nodes` candidates are verified (0: a chain).
DraftPlan medusa_plan(int depth, int nodes);
/// An autoregressive block; each pass extends `width` branches, `nodes` candidates are verified (0: a chain).
DraftPlan eagle_plan(int depth, int width, int nodes);
/// Another model drafts `depth` tokens.
DraftPlan model_plan(int depth);

}  // namespace isobath
