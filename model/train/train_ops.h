/// The kernels of one layer in training, in the order in which DeepSeek's published trace launches them.
///
/// Six phases: attention and FFN, each forward, backward for its input and backward for its weights; the
/// all-to-all stands between attention and experts. Which small kernels run, and what each moves, is read off
/// the trace (kernel names and grids); their bytes follow from the shapes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/arch.h"
#include "model/op.h"
#include "model/precision.h"

namespace isobath {

enum class TrainPhase : std::uint8_t {
    attention_forward,
    ffn_forward,
    ffn_input,  ///< backward for the input of the experts or the dense FFN: DeepSeek's mlp(B)
    ffn_weight,
    attention_input,  ///< backward for the input: attn(B)
    attention_weight
};
inline constexpr int kTrainPhaseCount = 6;
std::string_view name_of(TrainPhase);

/// What a backward pass computes again rather than keeps.
enum class Recompute : std::uint8_t {
    none,
    selective,  ///< norms, SwiGLU, MLA's q_b and kv_b: DeepSeek-V3 report, 3.2.3, and seen in the trace
    full        ///< the whole forward pass of a layer, and a dispatch with it
};

std::string_view name_of(Recompute);

/// How an op is timed and counted.
enum class Recipe : std::uint8_t {
    plain,
    weight_gradient,    ///< as its product, which also reads and writes an FP32 sum
    attention_backward  ///< as the forward core it names, with five products instead of two
};

struct TrainOp {
    const char* name = "";
    TrainPhase phase = TrainPhase::attention_forward;
    Op op;
    Recipe recipe = Recipe::plain;
    double times  = 1;      ///< kernels of this shape in a row
    bool again    = false;  ///< a second time: takes time, but is no FLOP of the model's
    /// Share of it that the trace's main compute stream runs; the rest runs on a second one beside it.
    double main_stream = 1;
};

/// One micro-batch of one layer on one GPU.
struct TrainShape {
    const ModelSpec& model;
    const PrecisionPolicy& precision;
    int tp                 = 1;  ///< ranks that split heads and FFN width
    int cp                 = 1;  ///< ranks that split each sequence
    double tokens          = 0;  ///< on this rank: rows of its projections (micro-batch * sequence / cp)
    double sequence        = 0;
    Recompute recompute    = Recompute::selective;
    int local_experts      = 0;
    double expert_rows     = 0;  ///< on the rank that all wait for, all its experts
    double row_variance    = 0;  ///< of one expert's rows
    double received_tokens = 0;  ///< token copies that arrive here, one per token and rank
};

using TrainOps = std::vector<TrainOp>;

void append_train_attention(const TrainShape&, TrainOps& out);
/// Router, shared and routed experts; its backward's router kernels stand in attention_input, as in the
/// trace.
void append_train_moe(const TrainShape&, TrainOps& out);
void append_train_dense_ffn(const TrainShape&, TrainOps& out);
/// Final norm, head and loss of every token: forward in ffn_forward, backward in ffn_input and ffn_weight.
void append_train_head(const TrainShape&, TrainOps& out);
void append_train_embedding(const TrainShape&, TrainOps& out);
/// Joins hidden state and embedding before an MTP module's layer.
void append_train_mtp_in(const TrainShape&, TrainOps& out);

/// FLOP of all kernels in a row of this op, whatever they are for.
Flops flop_of(const TrainOp& op);
/// Of these, what the model's own forward and backward need: recomputation left out.
Flops useful_flop_of(const TrainOp& op);

/// FLOP per pair of query and key of a backward core over the forward's: five products of which three have
/// the width of keys and two that of values (S again, dQ, dK; dP, dV), against one of each. 2.6 for
/// DeepSeek-V3's 192 and 128. S again is recomputation: 2 of it are the model's own.
double backward_flop_ratio(const FlashPrefill& core);

}  // namespace isobath
