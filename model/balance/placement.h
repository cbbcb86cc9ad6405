/// Which physical expert, a slot on a GPU, holds a copy of which logical expert.
#pragma once

#include <span>
#include <vector>

#include "hw/index.h"
#include "model/balance/expert_load.h"

namespace isobath {

/// A placement of every layer; the GPU of slot p is p / slots_per_gpu().
struct ExpertPlacement {
    int layers = 0, experts = 0, replicas = 0, gpus = 0;
    int most = 0;                         ///< copies of the most copied expert of any layer
    std::vector<LogicalExpert> phy2log;   ///< [layers x replicas]
    std::vector<PhysicalExpert> log2phy;  ///< [layers x experts x most], filled up with -1
    std::vector<int> logcnt;              ///< [layers x experts] copies of each

    int slots_per_gpu() const { return gpus > 0 ? replicas / gpus : 0; }
    Rank gpu_of(int slot) const { return Rank{slot / slots_per_gpu()}; }
    std::span<const LogicalExpert> slots(int layer) const {
        return {phy2log.data() + std::size_t(layer) * std::size_t(replicas), std::size_t(replicas)};
    }
    std::span<const int> copies(int layer) const {
        return {logcnt.data() + std::size_t(layer) * std::size_t(experts), std::size_t(experts)};
    }
    /// Slots that hold `expert`, in the order in which the copies were made.
    std::span<const PhysicalExpert> slots_of(int layer, LogicalExpert expert) const;
    bool operator==(const ExpertPlacement&) const = default;
};

/// Experts in their own order, one copy each, the same number on every GPU: no balancing.
///
/// Throws SpecError unless `experts` is a multiple of `gpus`.
ExpertPlacement contiguous_placement(int layers, int experts, int gpus);

/// Copies for the hottest experts as EPLB makes them, but nothing moved: the first slots hold the experts in
/// their own order, the last ones the copies in the order in which they were made.
///
/// Throws SpecError unless `replicas` is a multiple of `gpus` and no less than the experts.
ExpertPlacement replicated_placement(const ExpertLoad& load, int replicas, int gpus);

/// Tokens on each GPU in one layer, an expert's tokens shared evenly among its copies. `out` is [gpus].
///
/// Throws SpecError if the shapes differ.
void rank_loads(std::span<const double> counts, const ExpertPlacement& placement, int layer,
                std::span<double> out);
/// The same for all layers: [layers x gpus].
std::vector<double> rank_loads(const ExpertLoad& load, const ExpertPlacement& placement);

/// Mean GPU over busiest GPU of one layer: 1 is perfect balance, and what an ideal balancer gives.
double mean_over_max(std::span<const double> rank_loads);

/// mean_over_max of every layer. A step's layers follow each other and each waits for its busiest GPU.
std::vector<double> layer_mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement);

/// "Balancedness": layer_mean_over_max averaged over layers, every layer alike. This definition gives the
/// figures published for counted loads; dividing the sums over layers instead gives less (.329-.487 against
/// .384-.507 for the twelve counted loads of DeepSeek-V3 at EP32).
double mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement);

/// Time of a layer's experts over that of the same layer in balance, averaged: mean of max / mean >= 1. What
/// a step pays; 1 / mean_over_max is a little less where layers differ.
double max_over_mean(const ExpertLoad& load, const ExpertPlacement& placement);

}  // namespace isobath
