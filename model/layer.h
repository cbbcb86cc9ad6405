/// The kernels of one transformer layer on one GPU, in launch order.
#pragma once

#include <cstdint>
#include <vector>

#include "model/arch.h"
#include "model/op.h"
#include "model/precision.h"
#include "model/shard.h"

namespace isobath {

/// Pieces of a layer that a plan moves as one; the all-to-all stands between them.
enum class Stage : std::uint8_t {
    embed,
    attention_in,   ///< from the input norm to the projected queries (DeepSeek's ATTN-0)
    attention_out,  ///< attention core, output projection, norm (ATTN-1, with the gate)
    gate,           ///< router and top-k
    shared,         ///< shared experts
    experts,        ///< routed experts
    dense_ffn,
    mtp_in,  ///< joins hidden state and embedding for an MTP module
    head     ///< final norm, logits, sampling
};
inline constexpr int kStageCount = 9;
std::string_view name_of(Stage);

/// How published layer breakdowns group kernels.
enum class Part : std::uint8_t { attention_core, dense_gemm, expert_gemm, other };
inline constexpr int kPartCount = 4;

struct LayerOp {
    const char* name = "";  ///< static text, as DeepSeek writes it: "q_b", "o", "moe_up"
    Stage stage      = Stage::embed;
    Part part        = Part::other;
    Op op;
};

enum class Pass : std::uint8_t { prefill, decode };

/// What one GPU computes of one micro-batch.
struct Batch {
    Pass pass       = Pass::decode;
    double requests = 0;  ///< on this attention rank
    int s_q         = 1;  ///< query tokens per request in decode (1 + drafts)
    double q_len    = 0;  ///< new tokens per request in prefill
    double context  = 0;  ///< cached tokens each request attends to, the new ones included in prefill
    double tokens   = 0;  ///< rows of the projections: requests * s_q, or requests * q_len

    double expert_rows         = 0;  ///< mean routed rows on this rank, all its experts
    double expert_row_variance = 0;  ///< of one expert's rows
    double hottest_rows        = 0;  ///< routed rows on the rank that has the most
    double active_experts      = 0;  ///< distinct experts of a rank that any token chose, expected
    double group_tokens        = 0;  ///< tokens of all ranks that share the experts
    int local_experts          = 0;  ///< physical experts on this rank
    double moe_tokens          = 0;  ///< tokens whose gate, dispatch and combine this rank handles
    double received_tokens     = 0;  ///< token copies that arrive here (one per token and rank)
};

struct LayerContext {
    const ModelSpec& model;
    const PrecisionPolicy& precision;
    const Shard& shard;
    const Batch& batch;
    int unfused_small_kernels = 0;      ///< extra small kernels in each attention half (engine)
    bool exchange             = false;  ///< tokens travel to experts, and so are quantised for dispatch
    bool fused_experts        = false;  ///< routing and experts are one group of kernels (FusedMoe)
};

using OpList = std::vector<LayerOp>;

void append_attention(const LayerContext&, OpList& out);
void append_gate(const LayerContext&, OpList& out);
void append_shared(const LayerContext&, OpList& out);
void append_experts(const LayerContext&, OpList& out);
void append_dense_ffn(const LayerContext&, OpList& out);
void append_embedding(const LayerContext&, OpList& out);
/// `rows` tokens need logits: every verified token in decode, the last of each prompt in prefill.
void append_head(const LayerContext&, double rows, OpList& out);
void append_mtp_in(const LayerContext&, OpList& out);

}  // namespace isobath
