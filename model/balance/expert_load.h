/// How many tokens each routed expert of each layer was given.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace isobath {

/// Counted (or expected) loads, layer by layer.
///
/// `count` is [layers x experts], row by row; an entry counts tokens, so a token that chooses top_k experts
/// is counted top_k times in its layer. Rows are layers with routed experts: what comes in from dense layers,
/// all zero, is left out by the readers, and `layer_ids` keeps the model's own numbers of the rows.
struct ExpertLoad {
    int layers = 0, experts = 0;
    std::vector<double> count;
    std::vector<int> layer_ids;  ///< empty: 0, 1, ...
    std::string source;

    ExpertLoad() = default;
    ExpertLoad(int layer_count, int expert_count)
        : layers(layer_count),
          experts(expert_count),
          count(std::size_t(layer_count) * std::size_t(expert_count)) {}

    std::span<const double> layer(int l) const {
        return {count.data() + std::size_t(l) * std::size_t(experts), std::size_t(experts)};
    }
    std::span<double> layer(int l) {
        return {count.data() + std::size_t(l) * std::size_t(experts), std::size_t(experts)};
    }
    bool operator==(const ExpertLoad&) const = default;
};

/// Token-expert pairs of a layer: tokens * top_k.
double total(std::span<const double> counts);

/// Tokens that a layer saw, each choosing `top_k` experts.
double tokens(const ExpertLoad& load, int layer, int top_k);

/// The hottest expert over the mean one, averaged over layers.
double hottest_over_mean(const ExpertLoad& load);

/// (1 - share) * a + share * b, each scaled to a total of 1 per layer first.
///
/// Throws SpecError unless both have the same layers and experts.
ExpertLoad mixed(const ExpertLoad& a, const ExpertLoad& b, double share);

/// Throws SpecError "loads of 58 x 256 and 58 x 160; ..." unless both have the same shape.
void require_same_shape(const ExpertLoad& a, const ExpertLoad& b);

}  // namespace isobath
