/// Trees of candidate tokens that one step verifies together.
#pragma once

#include <span>
#include <vector>

namespace isobath {

/// chance[d][r]: that the candidate of rank r at depth d + 1 is the target's token, given that the path to it
/// is. Candidates of one parent exclude each other, so a row sums to at most 1.
using RankChances = std::vector<std::vector<double>>;

/// Nodes in an order where a parent stands before its children. The root (the step's own token) is no node.
struct CandidateTree {
    struct Node {
        int parent = -1;  ///< -1: the root
        int depth = 1, rank = 0;
        double survival = 0;  ///< chance that the whole path to it is accepted
    };
    std::vector<Node> nodes;

    int depth() const;
    int size() const { return static_cast<int>(nodes.size()); }
};

/// 1 + the sum of all nodes' survival: exact, because at most one path is accepted and a node counts exactly
/// when its path is.
double tokens_per_step(const CandidateTree& tree);

/// The tree of `nodes` nodes with the most tokens per step: nodes are added by falling survival, which never
/// takes a child before its parent (as in Medusa and Sequoia).
CandidateTree best_tree(const RankChances& chances, int nodes);

/// EAGLE-2's dynamic tree: each depth keeps the `width` candidates of highest confidence product and gives
/// each of them `width` children; of all, the `nodes` best are verified. Confidence is taken to be
/// calibrated.
CandidateTree grown_tree(const RankChances& confidences, int width, int depth, int nodes);

/// Rank chances behind a chain's survival: rank 0 has the chain's conditional chance, each further rank takes
/// the share of what is left that Medusa's first head has for Vicuna-33B (0.28, 0.17, 0.14, 0.12; top-1 to
/// top-5 accuracies 0.605 to 0.822 of its published training log); assumed for other drafters. At most 5
/// ranks.
RankChances rank_chances(std::span<const double> survival, int width);

}  // namespace isobath
