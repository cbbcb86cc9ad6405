/// EPLB, DeepSeek's expert-parallel load balancer: which experts get copies, and on which GPU each copy
/// lives.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/balance/expert_load.h"
#include "model/balance/placement.h"

namespace isobath {

/// What rebalance_experts() fills. Experts come in equal groups, GPUs in equal nodes.
struct EplbShape {
    int replicas = 0;  ///< physical experts per layer, on all GPUs together
    int groups = 1, nodes = 1, gpus = 1;
};

/// Throws SpecError naming what does not divide: replicas by gpus, gpus by nodes, experts by groups; and if
/// there are fewer replicas than experts.
void check_shape(const EplbShape& shape, int experts);

/// Spreads experts over GPUs so that the busiest GPU carries little.
///
/// Where groups divide evenly over nodes the placement is hierarchical: groups are packed onto nodes, hot
/// experts are copied within their node, copies are packed onto the node's GPUs. Otherwise it is global: one
/// group on one node. Every packing takes items in descending order of load, each to the lightest bin with
/// room; the next copy goes to the expert whose copies carry most.
///
/// `load` is [layers x experts], any non-negative numbers; only their ratios matter, but for sums and
/// quotients being taken in 32-bit floats as the original does. Ties fall to the lower index: the original's
/// sort is unstable and leaves them open, so of equal items it may place another; loads of GPUs are the same.
///
/// Throws SpecError as check_shape(). Source: deepseek-ai/EPLB, rebalance_experts() at commit d52c72d.
ExpertPlacement rebalance_experts(const ExpertLoad& load, const EplbShape& shape);

/// Working storage of rebalance_experts(), grown once.
struct EplbScratch {
    std::vector<float> weight, sums, quotient, per_slot;
    std::vector<int> slot_expert, slot_copy, bin, place, room, copies, from;
    std::vector<int> copy_of;  ///< [layers x replicas] which copy of its expert a slot holds
    std::vector<std::uint64_t> order;
};

/// The same into `out`; allocates nothing once `out` and `scratch` have grown.
void rebalance_experts(const ExpertLoad& load, const EplbShape& shape, EplbScratch& scratch,
                       ExpertPlacement& out);

}  // namespace isobath
