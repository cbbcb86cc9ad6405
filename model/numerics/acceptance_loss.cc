#include "model/numerics/acceptance_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace isobath::numerics {
namespace {

using Probabilities = std::vector<std::vector<double>>;

std::vector<double> softmax(std::span<const float> logits) {
    const float most = *std::max_element(logits.begin(), logits.end());
    std::vector<double> out(logits.size());
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) sum += out[i] = std::exp(logits[i] - most);
    for (double& p : out) p /= sum;
    return out;
}

Probabilities probabilities(const Tensor& logits) {
    Probabilities out;
    for (std::size_t r = 0; r < logits.rows; ++r) out.push_back(softmax(logits.row(r)));
    return out;
}

double variation(const std::vector<double>& p, const std::vector<double>& q) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += std::fabs(p[i] - q[i]);
    return sum / 2;
}

double accepted_share(const Probabilities& p, const Probabilities& q) {
    double sum = 0;
    for (std::size_t r = 0; r < p.size(); ++r) sum += 1 - variation(p[r], q[r]);
    return sum / double(p.size());
}

double deviation(std::span<const float> row) {
    double sum = 0, square = 0;
    for (const float z : row) {
        sum += z;
        square += double(z) * z;
    }
    const double n = double(row.size()), mean = sum / n;
    return std::sqrt(std::max(0.0, square / n - mean * mean));
}

Tensor with_noise(const Tensor& logits, double relative, std::uint64_t seed) {
    Tensor out = logits;
    Noise noise(seed);
    for (std::size_t r = 0; r < out.rows; ++r) {
        const auto size = static_cast<float>(relative * deviation(logits.row(r)));
        for (float& z : out.row(r)) z += size * noise.normal();
    }
    return out;
}

}  // namespace

double total_variation(std::span<const float> a, std::span<const float> b) {
    return variation(softmax(a), softmax(b));
}

double acceptance(const Tensor& target, const Tensor& draft) {
    return accepted_share(probabilities(target), probabilities(draft));
}

Tensor synthetic_logits(std::size_t positions, std::size_t vocabulary, Noise& noise) {
    Tensor out(positions, vocabulary);
    std::vector<std::size_t> order(vocabulary);
    for (std::size_t r = 0; r < positions; ++r) {
        std::iota(order.begin(), order.end(), 0);
        for (std::size_t i = vocabulary; i > 1; --i)
            std::swap(order[i - 1], order[std::size_t(noise.uniform() * double(i))]);
        const auto slope = static_cast<float>(1.2 + 3.6 * noise.uniform());
        for (std::size_t rank = 0; rank < vocabulary; ++rank)
            out.at(r, order[rank]) = -slope * std::log(static_cast<float>(rank + 1)) + 0.5f * noise.normal();
    }
    return out;
}

Tensor synthetic_draft(const Tensor& target, double accepted, std::uint64_t seed) {
    if (!(accepted > 0 && accepted <= 1)) throw std::invalid_argument("acceptance must be above 0, up to 1");
    double low = 0, high = 16;  // of the noise: acceptance falls with it
    for (int i = 0; i < 20; ++i) {
        const double middle                                                            = (low + high) / 2;
        (acceptance(target, with_noise(target, middle, seed)) > accepted ? low : high) = middle;
    }
    return with_noise(target, low, seed);
}

NoisyAcceptance noisy_acceptance(const Tensor& target, const Tensor& draft, double target_noise,
                                 double draft_noise, std::uint64_t seed) {
    // Far from the seeds that made-up drafts use: the same noise twice would add up, not average out.
    const std::uint64_t of_target = seed ^ 0x7A7E'7000'0000'0000u, of_draft = seed ^ 0xD7AF'7000'0000'0000u;
    const Probabilities p = probabilities(target), q = probabilities(draft);
    const Probabilities ps[] = {probabilities(with_noise(target, target_noise, of_target)),
                                probabilities(with_noise(target, -target_noise, of_target))};
    const Probabilities qs[] = {probabilities(with_noise(draft, draft_noise, of_draft)),
                                probabilities(with_noise(draft, -draft_noise, of_draft))};
    NoisyAcceptance out{accepted_share(p, q), 0, 0, 0, 0};
    for (int i = 0; i < 2; ++i) {
        out.target += accepted_share(ps[i], q) / 2;
        out.draft += accepted_share(p, qs[i]) / 2;
        out.total_variation += (1 - accepted_share(p, ps[i])) / 2;
        for (const Probabilities& noisy : qs) out.both += accepted_share(ps[i], noisy) / 4;
    }
    return out;
}

}  // namespace isobath::numerics
