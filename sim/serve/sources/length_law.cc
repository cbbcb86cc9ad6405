#include "sim/serve/sources/length_law.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

void check_tokens(double tokens, const char* what) {
    if (!(tokens >= 1 && tokens <= kMostTokens))
        throw SpecError(fmt::format("{} of {} tokens: allowed are 1 to {}", what, tokens, kMostTokens));
}

/// Chance of a number above n + 1/2, for n = 1 .. most - 1, of a log-normal law; ends where it is nothing.
class Survival {
  public:
    Survival(double sigma, std::int32_t most) : scale_(1 / (sigma * std::sqrt(2.0))) {
        for (std::int32_t n = 1; n < most; ++n) logs_.push_back(std::log(n + 0.5));
    }

    template <class Take>
    void each(double mu, Take take) const {
        for (const double log : logs_) {
            const double above = std::erfc((log - mu) * scale_) / 2;
            if (above < 1e-18) return;
            take(above);
        }
    }

    /// The mean of a whole number from 1 on is the sum of the chances to be above 0, 1, 2, ...
    double mean(double mu) const {
        double sum = 1;
        each(mu, [&](double above) { sum += above; });
        return sum;
    }

  private:
    double scale_;
    std::vector<double> logs_;
};

/// The law's position at which its cut and rounded mean is `mean`. The mean grows with the position, by about
/// the same factor or, where much is cut off, by less: secants of its logarithm need few evaluations (each is
/// a sum over all lengths).
double position_of_mean(const Survival& law, double mean, double sigma) {
    const auto missing = [&](double mu) { return std::log(mean / law.mean(mu)); };
    double mu = std::log(mean) - sigma * sigma / 2, left = missing(mu), slope = 1;
    for (int i = 0; i < 200 && std::abs(left) > 1e-13; ++i) {
        const double next = mu + left / slope, left_next = missing(next);
        slope = std::clamp((left - left_next) / (next - mu), 1e-3, 2.0);
        mu    = next;
        left  = left_next;
    }
    return mu;
}

LengthLaw nearest_two(double mean) {
    const double below = std::floor(mean), share = mean - below;
    return share == 0 ? LengthLaw::fixed(static_cast<std::int32_t>(below))
                      : LengthLaw(static_cast<std::int32_t>(below), {1 - share, share});
}

}  // namespace

LengthLaw::LengthLaw(std::int32_t lowest, std::vector<double> weights)
    : lowest_(lowest), cumulative_(std::move(weights)) {
    check_tokens(lowest, "a length");
    check_tokens(lowest_ + static_cast<double>(cumulative_.size()) - 1, "a length");
    double sum = 0;
    for (double& c : cumulative_) c = sum += c;
    if (!(sum > 0 && sum < 1e300)) throw SpecError("chances of lengths: their sum must be above 0");
    for (double& c : cumulative_) c /= sum;
    guide_.resize(std::bit_ceil(cumulative_.size()));
    std::uint32_t i = 0;
    for (std::size_t g = 0; g < guide_.size(); ++g) {
        while (cumulative_[i] <= static_cast<double>(g) / static_cast<double>(guide_.size())) ++i;
        guide_[g] = i;
    }
}

LengthLaw LengthLaw::uniform(std::int32_t low, std::int32_t high) {
    check_tokens(low, "a length");
    check_tokens(high, "a length");
    if (low > high)
        throw SpecError(fmt::format("lengths from {} to {}: the first must not be greater", low, high));
    return LengthLaw(low, std::vector<double>(static_cast<std::size_t>(high - low) + 1, 1.0));
}

LengthLaw LengthLaw::uniform_ratio(std::int32_t tokens, double ratio) {
    if (!(ratio >= 0 && ratio <= 1))
        throw SpecError(fmt::format("range ratio {}: allowed are 0 to 1", ratio));
    return uniform(std::max(1, static_cast<std::int32_t>(std::floor(ratio * tokens))), tokens);
}

LengthLaw LengthLaw::log_normal(double mean, double cv, std::int32_t most) {
    check_tokens(most, "a greatest length");
    if (!(cv >= 0 && cv <= 100)) throw SpecError(fmt::format("cv of lengths {}: allowed are 0 to 100", cv));
    if (!(mean >= 1 && mean <= most))
        throw SpecError(
            fmt::format("a mean length of {} tokens: allowed are 1 to {}, the greatest length", mean, most));
    if (cv * mean < 0.5 || mean == 1 || mean == most) return nearest_two(mean);
    const double sigma = std::sqrt(std::log1p(cv * cv));
    const Survival law(sigma, most);
    std::vector<double> chances;
    double above_last = 1;
    law.each(position_of_mean(law, mean, sigma), [&](double above) {
        chances.push_back(above_last - above);
        above_last = above;
    });
    chances.push_back(above_last);
    return LengthLaw(1, std::move(chances));
}

double LengthLaw::mean() const {
    double sum = lowest_;
    for (std::size_t i = 0; i + 1 < cumulative_.size(); ++i) sum += 1 - cumulative_[i];
    return sum;
}

}  // namespace isobath
