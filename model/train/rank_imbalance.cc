#include "model/train/rank_imbalance.h"

#include <algorithm>
#include <cmath>

#include "model/balance/sampling.h"
#include "model/comm/routing.h"

namespace isobath {
namespace {

/// As `isobath balance --training` trains it, but on many sequences of one token: a step's errors are then
/// those of the load rather than of one topic.
TrainingSpec spec_of(Balancing balancing, int experts, int top_k) {
    return {.experts             = experts,
            .top_k               = top_k,
            .sequences           = 64,
            .tokens_per_sequence = 1,
            .steps               = 100,
            .balancing           = balancing,
            .alpha               = balancing == Balancing::auxiliary_loss  ? 0.01
                                   : balancing == Balancing::sequence_loss ? 0.0001
                                                                           : 0,
            .gamma               = balancing == Balancing::bias_update ? 0.01 : 0.0};
}

constexpr int kSequences = 128, kTokens = 16;

/// Chooses experts as the trained router does.
class Chooser {
  public:
    Chooser(const TrainingSpec& spec, const TrainingBalance& trained, Random& random)
        : spec_(spec),
          trained_(trained),
          random_(random),
          topic_(trained.affinity),
          score_(topic_),
          order_(topic_.size()) {
        for (std::size_t e = 0; e < order_.size(); ++e) order_[e] = int(e);
    }

    void next_sequence() {
        for (double& t : topic_) t = spec_.topic_sigma * draw_normal(random_);
    }

    void add_token(double* load) {
        for (std::size_t e = 0; e < score_.size(); ++e)
            score_[e] = trained_.bias[e] + 1 / (1 + std::exp(-(trained_.affinity[e] + topic_[e] +
                                                               spec_.token_sigma * draw_normal(random_))));
        std::nth_element(order_.begin(), order_.begin() + (spec_.top_k - 1), order_.end(),
                         [&](int a, int b) { return score_[std::size_t(a)] > score_[std::size_t(b)]; });
        for (int i = 0; i < spec_.top_k; ++i) ++load[order_[std::size_t(i)]];
    }

  private:
    const TrainingSpec& spec_;
    const TrainingBalance& trained_;
    Random& random_;
    std::vector<double> topic_, score_;
    std::vector<int> order_;
};

struct Moments {
    std::vector<double> mean, deviation;  ///< of each block's load over the mean block's
};

/// A sample's means spread more than what lasts, by the spread of a mean of its sequences; they are drawn
/// together until that is gone.
void shrink(Moments& m, double of_a_mean) {
    double seen = 0;
    for (const double mean : m.mean) seen += (mean - 1) * (mean - 1) / double(m.mean.size());
    const double kept = seen > 0 ? std::sqrt(std::max(0.0, seen - of_a_mean) / seen) : 0;
    for (double& mean : m.mean) mean = 1 + kept * (mean - 1);
}

/// Mean and covariance of the halves' loads of `blocks` equal blocks, as shares of the mean block's load.
Moments moments_of(const RouterSample& s, const ImbalanceSpec& spec, int blocks) {
    const int wide    = s.experts / blocks;
    const double even = double(s.tokens) * s.top_k / blocks;  // pairs of a block in half a sequence
    const double n    = s.sequences;
    Moments out{std::vector<double>(std::size_t(blocks)), std::vector<double>(std::size_t(blocks))};
    double of_a_mean = 0;
    for (int b = 0; b < blocks; ++b) {
        double sum_a = 0, sum_b = 0, sum_ab = 0;
        for (int q = 0; q < s.sequences; ++q) {
            double one = 0, two = 0;
            for (int e = b * wide; e < (b + 1) * wide; ++e) {
                one += s.first[std::size_t(q * s.experts + e)];
                two += s.second[std::size_t(q * s.experts + e)];
            }
            sum_a += one / even;
            sum_b += two / even;
            sum_ab += one * two / even / even;
        }
        const double between          = std::max(0.0, (sum_ab - sum_a * sum_b / n) / (n - 1));
        const double luck             = 1 / (spec.sequences * spec.tokens * s.top_k / blocks);
        out.mean[std::size_t(b)]      = (sum_a + sum_b) / 2 / n;
        out.deviation[std::size_t(b)] = std::sqrt(between / spec.sequences + luck);
        of_a_mean += (between + 1 / (2 * even)) / n / blocks;
    }
    if (s.settles)
        std::fill(out.mean.begin(), out.mean.end(), 1);
    else
        shrink(out, of_a_mean);
    return out;
}

double standard_normal_density(double z) {
    return std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846);
}

/// E[(X - c)+] of a normal.
double expected_beyond(double mean, double deviation, double c) {
    const double z = (mean - c) / deviation;
    return deviation * standard_normal_density(z) + (mean - c) * 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// Takes what experts lose to their capacity off their blocks.
void drop(const RouterSample& s, const ImbalanceSpec& spec, RankImbalance& out, Moments& blocks) {
    const Moments each     = moments_of(s, spec, s.experts);
    const std::size_t wide = each.mean.size() / blocks.mean.size();
    for (std::size_t e = 0; e < each.mean.size(); ++e) {
        const double lost = expected_beyond(each.mean[e], each.deviation[e], spec.capacity);
        out.dropped += lost / s.experts;
        blocks.mean[e / wide] -= lost / double(wide);
    }
}

double busiest(const RouterSample& s, const ImbalanceSpec& spec, int blocks, RankImbalance& out) {
    if (blocks <= 1 || s.experts % blocks != 0) return 1;
    Moments m = moments_of(s, spec, blocks);
    if (spec.capacity > 0) {
        out.dropped = 0;
        drop(s, spec, out, m);
    }
    const double most = expected_max(m.mean, m.deviation);
    return std::max(1.0, spec.capacity > 0 ? std::min(most, spec.capacity) : most);
}

}  // namespace

RouterSample sample_router(Balancing balancing, int experts, int top_k, std::uint64_t seed) {
    const TrainingSpec spec       = spec_of(balancing, experts, top_k);
    const TrainingBalance trained = simulate_training_balance(spec, seed);
    Random random(seed + 1);
    Chooser chooser(spec, trained, random);
    RouterSample out{experts, top_k, kSequences, kTokens, balancing == Balancing::bias_update, {}, {}};
    out.first.assign(std::size_t(kSequences) * std::size_t(experts), 0);
    out.second = out.first;
    for (int q = 0; q < kSequences; ++q) {
        chooser.next_sequence();
        for (int t = 0; t < kTokens; ++t) {
            chooser.add_token(&out.first[std::size_t(q * experts)]);
            chooser.add_token(&out.second[std::size_t(q * experts)]);
        }
    }
    return out;
}

RankImbalance rank_imbalance(const RouterSample& sample, const ImbalanceSpec& spec) {
    RankImbalance out;
    out.node = busiest(sample, spec, spec.nodes, out);
    out.rank = busiest(sample, spec, spec.ranks, out);
    return out;
}

}  // namespace isobath
