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
    int groups = 1, topk_groups = 1;  ///< a token's experts lie in so many groups; 1 of 1: anywhere
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
    /// What a token's copies do, one for each unit (a GPU, a node) that holds one of its experts.
    struct Reach {
        double distinct = 0;  ///< units that a token reaches
        double of_even  = 1;  ///< over those that it would reach were all experts alike
        double skew     = 0;  ///< tokens that reach the busiest unit over the mean one's: popularity alone
    };
    /// A token picks its groups independently, as often as their loads say, and experts in them likewise.
    const Reach& gpus() const { return gpus_; }
    const Reach& nodes() const { return nodes_; }
    /// Expected share of the slots that at least one of `tokens` tokens picks.
    double share_hit(double tokens) const;

    const ExpertPlacement& placement() const { return placement_; }

  private:
    struct Knot {
        double at    = 0;  ///< 1 / sqrt(tokens)
        double ratio = 1;
    };
    void add_chance(const std::vector<std::vector<double>>& inclusion, const PlacedShape& shape);
    Reach reach_of(const std::vector<std::vector<double>>& inclusion, const PlacedShape& shape,
                   int slots) const;
    void add_slots(const std::vector<std::vector<double>>& inclusion);

    ExpertPlacement placement_;
    std::array<Knot, 9> knots_{};
    Reach gpus_, nodes_;
    double slot_variation_ = 0;
    std::vector<double> hit_;  ///< at tokens = 2^(i / kPerOctave)
};

}  // namespace isobath
