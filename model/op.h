/// Every kernel the model knows. A new kernel is a new struct, its work_of() and one more name here.
///
/// Counts that may be averages (tokens, rows, contexts) are doubles; shapes are ints.
#pragma once

#include <cstdint>
#include <variant>

#include "hw/dtype.h"
#include "hw/units.h"

namespace isobath {

/// The least a kernel must do, whoever wrote it: every operand crosses HBM once.
struct Work {
    Flops flop;
    Bytes bytes;             ///< read and written
    Math math = Math::bf16;  ///< which peak rate applies
};

/// C[m,n] = A[m,k] * B[k,n], both operands in `format`, C in BF16.
struct Gemm {
    double m = 0;
    int n = 0, k = 0;
    Format format = Format::bf16;
};

/// `batch` independent products of [m,k] and [k,n]: MLA's absorbed W_UK and W_UV, one per head.
struct BatchedGemm {
    int batch = 0;
    double m  = 0;
    int n = 0, k = 0;
    Format format = Format::bf16;
};

constexpr BatchedGemm batch_of_one(const Gemm& g) {
    return {1, g.m, g.n, g.k, g.format};
}

/// Whether each expert's rows stand in a slot of fixed size (decode) or one after another (prefill).
enum class GroupedLayout : std::uint8_t { masked, contiguous };

/// One GEMM per local expert: `rows` in all, spread at random over `experts`.
struct GroupedGemm {
    double rows         = 0;  ///< mean rows on this rank, over all its experts
    int experts         = 0;
    double row_variance = 0;  ///< of the rows of one expert; 0: every expert gets exactly rows/experts
    int n = 0, k = 0;
    Format format        = Format::fp8_block;
    GroupedLayout layout = GroupedLayout::masked;
};

/// The routed experts of one layer on one rank, from the router's scores to the weighted sum: gate's top-k,
/// quantise, permute, both products with SwiGLU between them, and finalise. So TensorRT-LLM and SGLang run
/// them where every rank sees every token.
struct FusedMoe {
    double tokens = 0;          ///< that enter the group of ranks
    double rows   = 0;          ///< pairs of a token and one of this rank's experts
    double active = 0;          ///< distinct experts of this rank that any token chose, expected
    int experts   = 0;          ///< on this rank, chosen or not
    int hidden = 0, inter = 0;  ///< widths of the model and of an expert's share on this rank
    Format format = Format::fp8_block;
};

/// How a token's latent and rope key lie in the cache: FlashMLA's FP8 layout is neither plain FP8 nor BF16.
enum class KvLayout : std::uint8_t { bf16, fp8, fp8_flashmla };

/// Absorbed MLA: `batch` requests, `s_q` query tokens each, over `context` cached tokens; all heads share a
/// row.
struct MlaDecode {
    double batch   = 0;
    int s_q        = 1;
    double context = 0;
    int heads = 0, kv_lora_rank = 0, qk_rope_head_dim = 0;
    KvLayout cache = KvLayout::bf16;
};

/// Causal attention with K and V per (kv) head: `q_len` new tokens per sequence over `kv_len` in all.
/// Prefill of every kind, and the naive form of MLA.
struct FlashPrefill {
    double sequences = 0, q_len = 0, kv_len = 0;
    int heads = 0, kv_heads = 0, qk_head_dim = 0, v_head_dim = 0;
    Format format = Format::bf16;
};

/// Decode attention with a cache per kv head.
struct GqaDecode {
    double batch   = 0;
    int s_q        = 1;
    double context = 0;
    int heads = 0, kv_heads = 0, qk_head_dim = 0, v_head_dim = 0;
    Format cache = Format::bf16;
};

/// V3.2's indexer: every query scores every cached token with small FP8 heads.
struct IndexerScore {
    double queries = 0, context = 0;  ///< pairs = queries * context (halved by the caller when causal)
    double batch = 0;                 ///< sequences whose index keys are read once each
    int heads = 0, head_dim = 0;
};

/// A kernel that only moves memory: norm, rope, quantise, gate, permute, SwiGLU, sampling.
struct Streaming {
    Bytes bytes;
};

using Op = std::variant<Gemm, BatchedGemm, GroupedGemm, FusedMoe, MlaDecode, FlashPrefill, GqaDecode,
                        IndexerScore, Streaming>;

Work work_of(const Gemm&);
Work work_of(const BatchedGemm&);
Work work_of(const GroupedGemm&);
Work work_of(const FusedMoe&);
Work work_of(const MlaDecode&);
Work work_of(const FlashPrefill&);
Work work_of(const GqaDecode&);
Work work_of(const IndexerScore&);
Work work_of(const Streaming&);
Work work_of(const Op&);

/// Bytes of one token in one layer's cache: BF16 2(latent + rope); plain FP8 (latent + rope);
/// FlashMLA's FP8: 1 B latent, one FP32 scale per 128 of it, BF16 rope (656 B for DeepSeek-V3).
double latent_bytes_per_token(int kv_lora_rank, int qk_rope_head_dim, KvLayout cache);

}  // namespace isobath
