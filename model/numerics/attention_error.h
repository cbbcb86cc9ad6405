/// What a quantised latent cache does to the output of MLA's absorbed attention, by context length.
#pragma once

#include <vector>

#include "model/numerics/error.h"
#include "model/numerics/synthetic.h"
#include "model/op.h"

namespace isobath::numerics {

/// How the cache is stored and what the core multiplies in.
struct AttentionFormat {
    KvLayout cache = KvLayout::bf16;
    Format core    = Format::bf16;  ///< fp8_tensor: queries and weights in E4M3 too

    bool operator==(const AttentionFormat&) const = default;
};

/// Shape and statistics of the sampled attention. Heads share a cache, so a query is a head of a token.
struct AttentionSample {
    int kv_lora_rank = 512, qk_rope_head_dim = 64, qk_head_dim = 192;
    int queries            = 8;
    double score_deviation = 2;    ///< of the scores over the cache: how peaked attention is; assumed
    double latent_mean     = 0.5;  ///< of a channel's deviation: what all tokens have in common; assumed
    std::vector<int> contexts{512, 2048, 8192, 32768, 131072};  ///< growing
};

struct AttentionError {
    int context = 0;
    RelativeError error;      ///< of the output, kv_lora_rank numbers a query
    QuantisationCount cache;  ///< of what was stored up to here
};

/// One list, by context, for each of `formats`; the exact core sees the same cache unquantised.
///
/// Layouts: bf16; fp8: E4M3 with one scale for the latent and one for rope, taken from the first 512 tokens
/// as a calibration would, so that later values may saturate; fp8_flashmla: per token four scales over 128
/// latent values each, rope in BF16 (FlashMLA's 656 bytes).
/// `cache`, if it has rows, is the user's own: tokens x (kv_lora_rank + qk_rope_head_dim); contexts beyond
/// its rows are left out.
std::vector<std::vector<AttentionError>> attention_errors(const AttentionSample& sample,
                                                          const std::vector<AttentionFormat>& formats,
                                                          Noise& noise, const Tensor& cache = {});

}  // namespace isobath::numerics
