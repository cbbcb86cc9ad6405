/// Closed forms of latent attention as serving libraries run it: caches cut over the SMs, prompts in tiles.
///
/// Where a calibration does not tell how a library cuts its work, time goes with work alone (overlap_time).
#pragma once

#include "hw/calibration.h"
#include "model/kernel_forms.h"
#include "model/op.h"

namespace isobath {

/// How decode attention is spread over SMs. Rows are heads times query tokens of one request.
struct KvPlan {
    double tokens = 0;      ///< of cache that the busiest SM works through
    int rows      = 64;     ///< of the matrix product at a time
    double parts  = 1;      ///< that one request's cache is cut into
    double cut    = 0;      ///< unfinished outputs in all; 0 where no request is cut
    bool narrow   = false;  ///< small tiles, bound by what one SM can draw
};

/// FlashMLA: blocks of 64 rows by 64 tokens; each row block has sms / row_blocks SMs to itself, and every one
/// of those gets the same number of KV blocks, each request counting five more.
/// Source: FlashMLA's published scheduler.
KvPlan balanced_plan(const MlaDecode& shape, int sms);

/// trtllm-gen: sms / (batch * row_blocks) SMs per request, at least 128 tokens each. One narrow tile
/// where a request has at most 32 rows, tiles of 16 rows where they fit on the SMs at once with at most 1024
/// tokens each; else 64. Source: TensorRT-LLM's kernel selection for MLA generation.
KvPlan even_plan(const MlaDecode& shape, int sms);

/// launch + joining of parts + queries and outputs + (computing and loading, fourth-power norm).
FormTime mla_decode_time(const OverlapConstants& c, const Machine& machine, const MlaDecode& shape, int sms,
                         Caches caches = Caches::cold);

/// launch + pass over the operands + products; the last SM works longer than the mean by part of the longest
/// tile (128 queries over all keys), and never less than the longest tile.
FormTime flash_prefill_time(const OverlapConstants& c, const Machine& machine, const FlashPrefill& shape,
                            int sms, Caches caches = Caches::cold);

}  // namespace isobath
