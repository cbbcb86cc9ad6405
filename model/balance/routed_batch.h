/// One batch sent to its experts, counted: what each expert, GPU and wire gets.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "model/balance/batch_balance.h"

namespace isobath {

/// Where a batch comes from and how experts pad it.
struct BatchShape {
    int tokens_per_gpu = 0;
    int gpus_per_node  = 8;
    int block          = 1;  ///< rows of an expert's GEMM are padded up to a multiple of this
    int top_k          = 0;
    CopyChoice copies  = CopyChoice::even;
};

/// Counts of one batch in one layer.
///
/// `pairs` counts token-expert pairs, as low-latency dispatch sends them, one message each; `copies` counts a
/// token once per GPU that holds any of its experts, as normal dispatch does over NVLink; `crossings` counts
/// it once per node that is not its own, which is normal dispatch over RDMA, and lands on the GPU with the
/// sender's place in its node. Ingress and egress leave out what stays on the GPU itself.
struct RoutedBatch {
    std::vector<double> experts;                      ///< [experts] tokens of each logical expert
    std::vector<double> slots;                        ///< [replicas] tokens of each physical expert
    std::vector<double> rank_pairs;                   ///< [gpus] pairs computed there
    std::vector<double> rank_tokens;                  ///< [gpus] distinct tokens there
    std::vector<double> rank_rows;                    ///< [gpus] rows computed, padding included
    std::vector<double> pairs_in, pairs_out;          ///< [gpus]
    std::vector<double> copies_in, copies_out;        ///< [gpus], within and between nodes
    std::vector<double> crossings_in, crossings_out;  ///< [gpus]
    double distinct_ranks = 0, distinct_nodes = 0;    ///< per token, its own included
};

/// Picks a token's experts: a TokenRouter's draw, or an InclusionSampler's.
using ExpertChoice = std::function<void(Random&, std::span<int>)>;

/// Routes tokens_per_gpu tokens of every GPU of the placement's `layer`.
///
/// Throws SpecError unless the GPUs divide into nodes, and tokens, block and top_k are at least 1.
RoutedBatch route_batch(const ExpertPlacement& placement, int layer, const BatchShape& shape,
                        const ExpertChoice& choose, Random& random);

}  // namespace isobath
