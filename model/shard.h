/// How one GPU's share of a model is cut.
#pragma once

namespace isobath {

enum class SharedExperts { replicated, dedicated };  ///< on every rank, or on ranks of their own

struct Shard {
    int attention_tp     = 1;  ///< heads are split over these ranks
    int attention_cp     = 1;  ///< the context is split over these ranks
    int ep               = 1;  ///< ranks that share the routed experts
    int expert_tp        = 1;  ///< each expert's width is split over these ranks
    int redundant        = 0;  ///< extra physical experts, over all ranks
    SharedExperts shared = SharedExperts::replicated;
    int pp               = 1;  ///< pipeline stages

    /// Physical experts on one rank; the layout check makes this whole.
    int experts_per_rank(int n_routed) const { return (n_routed + redundant) / ep; }
};

}  // namespace isobath
