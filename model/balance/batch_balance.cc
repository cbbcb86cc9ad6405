#include "model/balance/batch_balance.h"

#include <algorithm>
#include <cmath>

#include "model/balance/popularity_law.h"
#include "model/comm/routing.h"

namespace isobath {
namespace {

double variance_of_pick(double p) {
    return p * std::max(0.0, 1 - p);
}

/// Adds up one GPU's slots: mean, own variance and the picks it holds as variances.
struct RankSums {
    double mean = 0, own = 0, held = 0, squares = 0;

    /// `copies_here` of the expert's `copies` lie on this GPU.
    void add(double p, int copies_here, int copies, CopyChoice choice) {
        const double share = double(copies_here) / copies, d = variance_of_pick(p);
        mean += share * p;
        own += choice == CopyChoice::even ? share * share * d : variance_of_pick(share * p);
        held += share * d;
        squares += share * share * d * d;
    }

    double variance(double all) const {
        return all > 0 ? std::max(0.0, own - (held * held - squares) / all) : own;
    }
};

/// Walks the slots of a GPU, several copies of one expert at once; copies are few, so a look back is cheap.
RankSums sums_of(std::span<const double> inclusion, std::span<const LogicalExpert> slots,
                 std::span<const int> copies, CopyChoice choice) {
    RankSums sums;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (std::find(slots.begin(), slots.begin() + std::ptrdiff_t(i), slots[i]) !=
            slots.begin() + std::ptrdiff_t(i))
            continue;
        const auto expert = std::size_t(slots[i].value);
        const auto here   = std::count(slots.begin() + std::ptrdiff_t(i), slots.end(), slots[i]);
        sums.add(inclusion[expert], int(here), copies[expert], choice);
    }
    return sums;
}

/// Counts one batch on the GPUs.
class BatchCounter {
  public:
    BatchCounter(const ExpertPlacement& placement, int layer, CopyChoice choice)
        : placement_(placement), layer_(layer), choice_(choice), turn_(std::size_t(placement.experts)) {}

    void add(int expert, Random& random, std::span<double> ranks) {
        const auto slots       = placement_.slots_of(layer_, LogicalExpert{expert});
        const std::size_t copy = choice_ == CopyChoice::even ? turn_[std::size_t(expert)]++ % slots.size()
                                                             : draw_index(random, slots.size());
        ranks[std::size_t(placement_.gpu_of(slots[copy].value).value)] += 1;
    }

  private:
    const ExpertPlacement& placement_;
    int layer_;
    CopyChoice choice_;
    std::vector<std::size_t> turn_;
};

}  // namespace

void find_rank_spread(std::span<const double> inclusion, const ExpertPlacement& placement, int layer,
                      double tokens, CopyChoice choice, double group_excess, RankSpread& out) {
    const auto gpus = std::size_t(placement.gpus), each = std::size_t(placement.slots_per_gpu());
    double all = 0;
    for (const double p : inclusion) all += variance_of_pick(p);
    out.mean.resize(gpus);
    out.deviation.resize(gpus);
    for (std::size_t g = 0; g < gpus; ++g) {
        const RankSums sums = sums_of(inclusion, placement.slots(layer).subspan(g * each, each),
                                      placement.copies(layer), choice);
        out.mean[g]         = tokens * sums.mean;
        out.deviation[g]    = std::sqrt(tokens * group_excess * sums.variance(all));
    }
}

double expected_max_over_mean(const RankSpread& spread) {
    const double mean = total(spread.mean) / double(spread.mean.size());
    return mean > 0 ? std::max(1.0, expected_max(spread.mean, spread.deviation) / mean) : 1;
}

double expected_mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement, int top_k,
                              double tokens, CopyChoice choice) {
    RankSpread spread;
    double sum = 0;
    for (int l = 0; l < load.layers; ++l) {
        const auto inclusion = inclusion_probabilities(load.layer(l), top_k);
        find_rank_spread(inclusion, placement, l, tokens, choice, 1, spread);
        sum += 1 / expected_max_over_mean(spread);
    }
    return load.layers > 0 ? sum / load.layers : 1;
}

double simulated_mean_over_max(const ExpertLoad& load, const ExpertPlacement& placement, int top_k,
                               int tokens, CopyChoice choice, int rounds, Random& random) {
    std::vector<double> ranks(std::size_t(placement.gpus));
    std::vector<int> experts(static_cast<std::size_t>(top_k));
    double sum = 0;
    for (int l = 0; l < load.layers; ++l) {
        InclusionSampler sampler(inclusion_probabilities(load.layer(l), top_k));
        for (int round = 0; round < rounds; ++round) {
            std::fill(ranks.begin(), ranks.end(), 0);
            BatchCounter counter(placement, l, choice);
            for (int t = 0; t < tokens; ++t) {
                sampler.draw(random, experts);
                for (const int e : experts) counter.add(e, random, ranks);
            }
            sum += mean_over_max(ranks);
        }
    }
    return sum / (double(load.layers) * rounds);
}

}  // namespace isobath
