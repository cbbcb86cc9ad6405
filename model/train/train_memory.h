/// What one GPU holds while it trains: weights, gradients, optimiser, activations kept for the backward pass.
#pragma once

#include <cstdint>

#include "hw/units.h"
#include "model/counts.h"
#include "model/train/train_ops.h"

namespace isobath {

/// What one pipeline stage is made of.
struct StageParts {
    int dense = 0, moe = 0, mtp = 0;  ///< layers; MTP modules with theirs
    int heads      = 0;               ///< passes through head and loss: one, and one for each MTP module
    bool embedding = false;

    int layers() const { return dense + moe + mtp; }
    bool operator==(const StageParts&) const = default;
};

/// Parameters on one GPU, by the group of ranks that hold the same ones.
struct RankParameters {
    double replicated = 0;  ///< on every data-parallel rank: attention, router, shared, dense FFN, ends
    double experts    = 0;  ///< routed experts of this rank
    Bytes weights;          ///< in the formats that products read

    RankParameters& operator+=(const RankParameters& o) {
        replicated += o.replicated;
        experts += o.experts;
        weights += o.weights;
        return *this;
    }
};

/// Where an optimiser's state lies, and in which formats.
struct OptimiserSpec {
    int zero              = 1;  ///< 0: whole on every rank; 1: master weights and moments cut over replicas
    double moment_bytes   = 2;  ///< of each of AdamW's two moments: BF16 in DeepSeek-V3's training
    double master_bytes   = 4;
    double gradient_bytes = 4;  ///< summed over micro-batches in FP32
};

struct TrainMemory {
    Bytes weights, gradients, optimiser, activations, transient, buffers, capacity;

    Bytes used() const { return weights + gradients + optimiser + activations + transient + buffers; }
    bool fits() const { return used() <= capacity; }
};

/// Parameters of one rank's share of a stage, `ep` ranks sharing the experts and `tp` the widths.
RankParameters parameters_of(const TrainShape& shape, const StageParts& stage, int ep);

/// Weights, gradients and optimiser of `p`; replicas of each part, mirrors of the pipeline included.
void add_parameters(const RankParameters& p, const OptimiserSpec& optimiser, double replicas,
                    double expert_replicas, TrainMemory& out);

/// Kept for the backward pass of one layer, per token of a micro-batch:
/// the residual before and after attention; the latents (or q, k, v); the core's output in 12 bits with FP8
/// products, else BF16, and its log-sum; dispatched rows; gate and up halves of shared experts or dense FFN
/// and of each routed row in the products' format. Without recomputation also norms, q, k, v and products of
/// SwiGLU; with full recomputation the residual alone.
Bytes kept_of_layer(const TrainShape& shape, bool moe);

/// Bytes that the optimiser moves through HBM for the parameters of one rank: gradients in; master weights
/// and moments in and out, of its own shard; then every weight in BF16 in and in its format out.
Bytes optimiser_traffic(const RankParameters& p, const OptimiserSpec& optimiser, double replicas,
                        double expert_replicas);

}  // namespace isobath
