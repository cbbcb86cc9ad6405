#include "model/balance/training_balance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "model/balance/sampling.h"

namespace isobath {
namespace {

constexpr double kMostLogits = 1e9;

void require(bool good, const std::string& what) {
    if (!good) throw SpecError(what);
}

void check_spec(const TrainingSpec& s) {
    require(s.experts >= 2 && s.experts <= 4096, fmt::format("{} experts; expected 2 to 4096", s.experts));
    require(s.top_k >= 1 && s.top_k <= s.experts,
            fmt::format("top_k {}; expected 1 to {}", s.top_k, s.experts));
    require(s.sequences >= 1 && s.tokens_per_sequence >= 1 && s.steps >= 1,
            fmt::format("{} sequences of {} tokens, {} steps; expected at least 1 each", s.sequences,
                        s.tokens_per_sequence, s.steps));
    const double logits = double(s.experts) * s.sequences * s.tokens_per_sequence * s.steps;
    require(logits <= kMostLogits, fmt::format("{:g} logits; expected at most {:g}", logits, kMostLogits));
    for (const double x : {s.alpha, s.gamma, s.capacity_factor, s.task_sigma, s.task_pull, s.topic_sigma,
                           s.token_sigma, s.learning_rate})
        require(x >= 0 && x <= 1e6, fmt::format("a factor of {}; expected 0 to 1e6", x));
}

double max_violation(const std::vector<double>& load) {
    const double all = std::accumulate(load.begin(), load.end(), 0.0);
    return *std::max_element(load.begin(), load.end()) * double(load.size()) / all - 1;
}

/// Loads and gates of some tokens, and what the gradient of the balance loss needs.
struct Tally {
    std::vector<double> load, gate, slope;  ///< sums over tokens; slope: normed gate * (1 - gate)
    double tokens = 0;

    explicit Tally(int experts) : load(std::size_t(experts)), gate(load), slope(load) {}

    void clear() {
        for (auto* v : {&load, &gate, &slope}) std::fill(v->begin(), v->end(), 0);
        tokens = 0;
    }
};

class Trainer {
  public:
    Trainer(const TrainingSpec& spec, std::uint64_t seed)
        : s_(spec),
          random_(seed),
          batch_(spec.experts),
          sequence_(spec.experts),
          gate_(std::size_t(spec.experts)),
          topic_(gate_),
          order_(gate_.size()),
          gradient_(gate_),
          task_(gate_) {
        for (double& t : task_) t = s_.task_sigma * draw_normal(random_);
        out.affinity = task_;  // the state that an unbalanced run would have settled in
        out.bias.assign(task_.size(), 0);
        out.load.assign(task_.size(), 0);
        std::iota(order_.begin(), order_.end(), 0);
    }

    void step() {
        std::fill(gradient_.begin(), gradient_.end(), 0);
        batch_.clear();
        TrainingStep now;
        for (int i = 0; i < s_.sequences; ++i) {
            route_sequence();
            now.sequence_violation += max_violation(sequence_.load) / s_.sequences;
            if (s_.balancing == Balancing::sequence_loss) add_gradient(sequence_, 1.0 / s_.sequences);
        }
        if (s_.balancing == Balancing::auxiliary_loss) add_gradient(batch_, 1);
        judge(now);
        learn();
        out.steps.push_back(now);
        if (4 * out.steps.size() > 3 * std::size_t(s_.steps)) add_load();
    }

    void finish() {
        const double all = std::accumulate(out.load.begin(), out.load.end(), 0.0);
        for (double& x : out.load) x /= all;
    }

    TrainingBalance out;

  private:
    void add_load() {
        for (std::size_t e = 0; e < out.load.size(); ++e) out.load[e] += batch_.load[e];
    }

    void route_sequence() {
        sequence_.clear();
        for (double& t : topic_) t = s_.topic_sigma * draw_normal(random_);
        for (int i = 0; i < s_.tokens_per_sequence; ++i) route_token();
        for (std::size_t e = 0; e < gate_.size(); ++e) {
            batch_.load[e] += sequence_.load[e];
            batch_.gate[e] += sequence_.gate[e];
            batch_.slope[e] += sequence_.slope[e];
        }
        batch_.tokens += sequence_.tokens;
    }

    void route_token() {
        double sum = 0;
        for (std::size_t e = 0; e < gate_.size(); ++e) {
            gate_[e] =
                1 / (1 + std::exp(-(out.affinity[e] + topic_[e] + s_.token_sigma * draw_normal(random_))));
            sum += gate_[e];
        }
        std::nth_element(order_.begin(), order_.begin() + (s_.top_k - 1), order_.end(), [&](int a, int b) {
            return gate_[std::size_t(a)] + out.bias[std::size_t(a)] >
                   gate_[std::size_t(b)] + out.bias[std::size_t(b)];
        });
        for (int i = 0; i < s_.top_k; ++i) ++sequence_.load[std::size_t(order_[std::size_t(i)])];
        for (std::size_t e = 0; e < gate_.size(); ++e) {
            const double p = gate_[e] / sum;  // gates normed over experts, as DeepSeek-V3's loss takes them
            sequence_.gate[e] += p;
            sequence_.slope[e] += p * (1 - gate_[e]);
        }
        ++sequence_.tokens;
    }

    /// Loss alpha * sum_e f_e P_e, with f_e = load_e / mean load constant and P_e the mean normed gate. By
    /// one affinity: alpha * (f_e - sum_j f_j P_j) * slope_e, but for the covariance of tokens within the
    /// tally.
    void add_gradient(const Tally& tally, double weight) {
        const double even = tally.tokens * s_.top_k / s_.experts;
        double level      = 0;
        for (std::size_t e = 0; e < gradient_.size(); ++e)
            level += tally.load[e] / even * tally.gate[e] / tally.tokens;
        for (std::size_t e = 0; e < gradient_.size(); ++e)
            gradient_[e] +=
                weight * s_.alpha * (tally.load[e] / even - level) * tally.slope[e] / tally.tokens;
    }

    void judge(TrainingStep& now) const {
        const double pairs = batch_.tokens * s_.top_k, mean = pairs / s_.experts;
        const double capacity = s_.capacity_factor > 0 ? std::ceil(s_.capacity_factor * mean) : HUGE_VAL;
        now.max_violation     = max_violation(batch_.load);
        for (const double load : batch_.load) {
            now.dropped += std::max(0.0, load - capacity) / pairs;
            now.max_load_kept = std::max(now.max_load_kept, std::min(load, capacity) / mean);
        }
    }

    void learn() {
        const double mean = batch_.tokens * s_.top_k / s_.experts;
        for (std::size_t e = 0; e < gradient_.size(); ++e) {
            out.affinity[e] -=
                s_.learning_rate * (s_.experts * gradient_[e] + s_.task_pull * (out.affinity[e] - task_[e]));
            if (s_.balancing == Balancing::bias_update)
                out.bias[e] += s_.gamma * double((batch_.load[e] < mean) - (batch_.load[e] > mean));
        }
    }

    TrainingSpec s_;
    Random random_;
    Tally batch_, sequence_;
    std::vector<double> gate_, topic_;
    std::vector<int> order_;
    std::vector<double> gradient_, task_;
};

}  // namespace

TrainingBalance simulate_training_balance(const TrainingSpec& spec, std::uint64_t seed) {
    check_spec(spec);
    Trainer trainer(spec, seed);
    for (int i = 0; i < spec.steps; ++i) trainer.step();
    trainer.finish();
    return std::move(trainer.out);
}

double settled_violation(const TrainingBalance& result) {
    const std::size_t all = result.steps.size(), from = all - (all + 3) / 4;
    double sum = 0;
    for (std::size_t i = from; i < all; ++i) sum += result.steps[i].max_violation;
    return sum / double(all - from);
}

double lasting_violation(const TrainingBalance& result) {
    return max_violation(result.load);
}

}  // namespace isobath
