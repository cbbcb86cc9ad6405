/// A load of experts on a placement, summed up for steps: how full the busiest GPU gets, how many GPUs and
/// nodes a token reaches.
#pragma once

#include <array>
#include <vector>

#include "model/balance/expert_load.h"
#include "model/balance/placement.h"

namespace isobath {

/// The GPUs that share the experts, and how a gate picks.
struct PlacedShape {
    int gpus_per_node = 8;
    int top_k         = 8;
    /// Variance of the tokens on a GPU over that of a gate without groups (batch_balance.h); 1: no groups.
    double group_excess = 1;
};

/// Everything is averaged over layers, which follow each other in a step and wait for their busiest GPU each.
class PlacedLoad {
  public:
    /// `placement` may have been planned on another load. Throws SpecError if the shapes differ.
    PlacedLoad(const ExpertLoad& load, ExpertPlacement placement, const PlacedShape& shape);

    /// E[max over GPUs] / mean of the token-expert pairs of a batch of `tokens` tokens, of all GPUs together:
    /// popularity and chance. At most 0.5 % from the integral, which is taken at nine batch sizes.
    double max_over_mean(double tokens) const;
    /// The same without chance: an endless batch.
    double popular_max_over_mean() const { return knots_.front().ratio; }

    /// Variance of the pairs of one slot over their squared mean, among the slots of a GPU.
    double slot_variation() const { return slot_variation_; }
    /// GPUs and nodes that hold one of a token's experts, experts picked one by one.
    double distinct_gpus() const { return gpus_.mean; }
    double distinct_nodes() const { return nodes_.mean; }
    /// Tokens that reach the busiest GPU (node) over the mean one: popularity alone.
    double gpu_copies_max_over_mean() const { return gpus_.skew; }
    double node_copies_max_over_mean() const { return nodes_.skew; }
    /// Expected share of the slots that at least one of `tokens` tokens picks.
    double share_hit(double tokens) const;

    const ExpertPlacement& placement() const { return placement_; }

  private:
    struct Knot {
        double at    = 0;  ///< 1 / sqrt(tokens)
        double ratio = 1;
    };
    struct Reach {
        double mean = 0, skew = 0;
    };

    void add_chance(const std::vector<std::vector<double>>& inclusion, const PlacedShape& shape);
    void add_reach(const std::vector<std::vector<double>>& inclusion, int gpus_per_node);
    void add_slots(const std::vector<std::vector<double>>& inclusion);

    ExpertPlacement placement_;
    std::array<Knot, 9> knots_{};
    Reach gpus_, nodes_;
    double slot_variation_ = 0;
    std::vector<double> hit_;  ///< at tokens = 2^(i / kPerOctave)
};

}  // namespace isobath
