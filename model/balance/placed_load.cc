#include "model/balance/placed_load.h"

#include <algorithm>
#include <cmath>

#include "hw/spec_reader.h"
#include "model/balance/batch_balance.h"
#include "model/balance/popularity_law.h"

namespace isobath {
namespace {

constexpr int kOctaves = 20, kPerOctave = 2;

/// Batches at which E[max] is taken; between them it is close to linear in 1 / sqrt(tokens).
constexpr std::array<double, 8> kBatches{1 << 18, 1 << 14, 1 << 11, 1 << 9, 1 << 7, 1 << 6, 1 << 5, 1 << 4};

using Chances = std::vector<std::vector<double>>;  ///< [layers][experts] that a token picks an expert

Chances chances_of(const ExpertLoad& load, int top_k) {
    Chances out;
    for (int l = 0; l < load.layers; ++l) out.push_back(inclusion_probabilities(load.layer(l), top_k));
    return out;
}

/// Chance that a token picks the expert of a slot and this copy of it.
double chance_of(const ExpertPlacement& placement, int layer, const std::vector<double>& chances, int slot) {
    const auto expert = std::size_t(placement.slots(layer)[std::size_t(slot)].value);
    return chances[expert] / placement.copies(layer)[expert];
}

/// Chances that a token's experts come from each group: in proportion to the groups' loads.
std::vector<double> group_chances(const std::vector<double>& chances, const PlacedShape& shape) {
    const std::size_t each = chances.size() / std::size_t(shape.groups);
    std::vector<double> loads(std::size_t(shape.groups), 0);
    for (std::size_t e = 0; e < each * loads.size(); ++e) loads[e / each] += chances[e];
    return inclusion_probabilities(loads, shape.topk_groups);
}

/// What a token does in one layer, group by group.
class Token {
  public:
    Token(const ExpertPlacement& placement, int layer, const std::vector<double>& chances,
          const PlacedShape& shape)
        : placement_(placement),
          layer_(layer),
          chances_(chances),
          groups_(group_chances(chances, shape)),
          each_(chances.size() / groups_.size()),
          missed_(groups_.size()) {}

    /// Chance that it has an expert among `slots` slots from `first` on: of each group, that it is chosen and
    /// one of its experts here is.
    double reaches(int first, int slots) {
        std::fill(missed_.begin(), missed_.end(), 1.0);
        for (int slot = first; slot < first + slots; ++slot) {
            const auto expert = std::size_t(placement_.slots(layer_)[std::size_t(slot)].value);
            const auto group  = std::min(expert / each_, groups_.size() - 1);
            const double p    = chance_of(placement_, layer_, chances_, slot) / groups_[group];
            missed_[group] *= 1 - std::min(1.0, p);
        }
        double none = 1;
        for (std::size_t g = 0; g < groups_.size(); ++g) none *= 1 - groups_[g] * (1 - missed_[g]);
        return 1 - none;
    }

  private:
    const ExpertPlacement& placement_;
    int layer_;
    const std::vector<double>& chances_;
    std::vector<double> groups_;
    std::size_t each_;
    std::vector<double> missed_;
};

/// Adds `part` of the chance that 2^(i / kPerOctave) tokens hit a slot of chance `p`; squaring (1 - p)^t
/// doubles t.
void add_hits(double p, double part, std::vector<double>& hit) {
    std::array<double, kPerOctave> missed;
    for (int i = 0; i < kPerOctave; ++i)
        missed[std::size_t(i)] = std::pow(1 - p, std::exp2(double(i) / kPerOctave));
    for (std::size_t i = 0; i < hit.size(); ++i) {
        double& miss = missed[i % kPerOctave];
        hit[i] += part * (1 - miss);
        miss *= miss;
    }
}

}  // namespace

PlacedLoad::PlacedLoad(const ExpertLoad& load, ExpertPlacement placement, const PlacedShape& shape)
    : placement_(std::move(placement)) {
    if (load.layers != placement_.layers || load.experts != placement_.experts)
        throw SpecError("a load of " + std::to_string(load.layers) + " x " + std::to_string(load.experts) +
                        " on a placement of " + std::to_string(placement_.layers) + " x " +
                        std::to_string(placement_.experts) + "; both must have the same shape");
    const Chances chances = chances_of(load, shape.top_k);
    add_chance(chances, shape);
    const Chances even(chances.size(),
                       std::vector<double>(std::size_t(load.experts), double(shape.top_k) / load.experts));
    const auto reach = [&](int slots) {
        Reach out   = reach_of(chances, shape, slots);
        out.of_even = out.distinct / reach_of(even, shape, slots).distinct;
        return out;
    };
    gpus_  = reach(placement_.slots_per_gpu());
    nodes_ = reach(placement_.slots_per_gpu() * shape.gpus_per_node);
    add_slots(chances);
}

void PlacedLoad::add_chance(const Chances& chances, const PlacedShape& shape) {
    for (std::size_t i = 0; i < kBatches.size(); ++i) knots_[i + 1] = {1 / std::sqrt(kBatches[i]), 0};
    knots_[0].ratio = 0;
    RankSpread spread;
    for (int l = 0; l < placement_.layers; ++l) {
        for (std::size_t i = 0; i < kBatches.size(); ++i) {
            find_rank_spread(chances[std::size_t(l)], placement_, l, kBatches[i], CopyChoice::even,
                             shape.group_excess, spread);
            knots_[i + 1].ratio += expected_max_over_mean(spread) / placement_.layers;
        }
        knots_[0].ratio += 1 / mean_over_max(spread.mean) / placement_.layers;
    }
}

double PlacedLoad::max_over_mean(double tokens) const {
    const double at = 1 / std::sqrt(std::max(tokens, 1.0));
    std::size_t i   = 1;
    while (i + 1 < knots_.size() && at > knots_[i].at) ++i;
    const Knot &left = knots_[i - 1], &right = knots_[i];
    return left.ratio + (right.ratio - left.ratio) * (at - left.at) / (right.at - left.at);
}

PlacedLoad::Reach PlacedLoad::reach_of(const Chances& chances, const PlacedShape& shape, int slots) const {
    Reach out;
    const double units = std::ceil(double(placement_.replicas) / slots);
    for (int l = 0; l < placement_.layers; ++l) {
        Token token(placement_, l, chances[std::size_t(l)], shape);
        double sum = 0, most = 0;
        for (int first = 0; first < placement_.replicas; first += slots) {
            const double here = token.reaches(first, std::min(slots, placement_.replicas - first));
            sum += here;
            most = std::max(most, here);
        }
        out.distinct += sum / placement_.layers;
        out.skew += most * units / sum / placement_.layers;
    }
    return out;
}

void PlacedLoad::add_slots(const Chances& chances) {
    const int each = placement_.slots_per_gpu(), slots = placement_.replicas;
    hit_.assign(kOctaves * kPerOctave + 1, 0);
    const double part = 1.0 / (double(placement_.layers) * slots);
    std::vector<double> chance(static_cast<std::size_t>(slots));
    for (int l = 0; l < placement_.layers; ++l) {
        for (int slot = 0; slot < slots; ++slot)
            chance[std::size_t(slot)] = chance_of(placement_, l, chances[std::size_t(l)], slot);
        const double mean = total(chance) / slots;
        for (int slot = 0; slot < slots; slot += each) {
            const auto own      = std::span(chance).subspan(std::size_t(slot), std::size_t(each));
            const double middle = total(own) / each;
            for (const double p : own) slot_variation_ += part * (p - middle) * (p - middle) / (mean * mean);
        }
        for (const double p : chance) add_hits(std::min(1.0, p), part, hit_);
    }
}

double PlacedLoad::share_hit(double tokens) const {
    if (tokens <= 1) return hit_.front() * std::max(0.0, tokens);
    const double at = std::min(std::log2(tokens) * kPerOctave, double(hit_.size() - 1));
    const auto left = std::min(static_cast<std::size_t>(at), hit_.size() - 2);
    return hit_[left] + (at - double(left)) * (hit_[left + 1] - hit_[left]);
}

}  // namespace isobath
