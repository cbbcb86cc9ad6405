#include "model/row_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isobath {
namespace {

constexpr double kReach     = 4.5;  ///< standard deviations beyond which a normal has nothing left
constexpr int kStepsPerUnit = 64;   ///< linear interpolation is then good to 1e-5
constexpr int kSteps        = static_cast<int>(2 * kReach) * kStepsPerUnit;

constexpr int kFewExperts      = 32;    ///< beyond, the sum is normal and the exact one would be slow
constexpr double kThirdOutcome = 0.02;  ///< variance that more than two outcomes may add unseen

std::array<double, kSteps + 2> tail_table() {
    std::array<double, kSteps + 2> table{};
    for (int i = 0; i < kSteps + 2; ++i)
        table[static_cast<std::size_t>(i)] =
            std::erfc((double(i) / kStepsPerUnit - kReach) / std::sqrt(2.0)) / 2;
    return table;
}

double whole_above(double x) {
    const double down = static_cast<double>(static_cast<long long>(x));
    return down < x ? down + 1 : down;
}

double waves_over(double blocks, double per_wave) {
    return whole_above(blocks / per_wave - 1e-9);
}

/// E[waves] of experts * low + Binomial(experts, share) blocks, summed from the likelier end.
double binomial_waves(double low, double share, int experts, double per_wave) {
    const bool many = share > 0.5;
    const double p = many ? 1 - share : share, start = experts * (many ? low + 1 : low), step = many ? -1 : 1;
    double probability = 1, waves = 0;
    for (int i = 0; i < experts; ++i) probability *= 1 - p;
    for (int k = 0; k <= experts; ++k) {
        waves += probability * waves_over(start + step * k, per_wave);
        probability *= (experts - k) / (k + 1.0) * (p / (1 - p));
    }
    return waves;
}

double normal_waves(const BlockCount& blocks, double per_wave) {
    const double sigma = std::sqrt(blocks.variance);
    if (sigma > 4 * per_wave) return blocks.mean / per_wave + 0.5;
    const double certain = std::max(0.0, std::floor((blocks.mean - kReach * sigma) / per_wave));
    double waves         = certain;
    for (double w = certain; w * per_wave < blocks.mean + kReach * sigma; ++w) {
        const double full = static_cast<double>(static_cast<long long>(w * per_wave + 1e-9));
        waves += normal_tail((full + 0.5 - blocks.mean) / sigma);  // blocks > what w waves take
    }
    return waves;
}

}  // namespace

double normal_tail(double z) {
    static const std::array<double, kSteps + 2> table = tail_table();
    if (z <= -kReach) return 1;
    if (z >= kReach) return 0;
    const double at  = (z + kReach) * kStepsPerUnit;
    const auto below = static_cast<std::size_t>(at);
    return table[below] + (at - double(below)) * (table[below + 1] - table[below]);
}

BlockCount blocks_of_expert(double mean_rows, double row_variance, int tile) {
    if (row_variance <= 0) return {whole_above(mean_rows / tile), 0};
    const double sigma = std::sqrt(row_variance);
    // Spread over many tiles: the position inside the last tile is uniform.
    if (sigma > 4.0 * tile && mean_rows > kReach * sigma)
        return {mean_rows / tile + 0.5, row_variance / (double(tile) * tile) + 1.0 / 12};
    const double certain = std::max(0.0, std::floor((mean_rows - kReach * sigma) / tile));
    double mean = certain, square = certain * certain;
    for (double j = certain; j * double(tile) < mean_rows + kReach * sigma; ++j) {
        const double p = normal_tail((j * double(tile) + 0.5 - mean_rows) / sigma);  // rows > j * tile
        mean += p;
        square += (2 * j + 1) * p;
    }
    return {mean, std::max(0.0, square - mean * mean)};
}

double expected_waves(const BlockCount& of_expert, int experts, int columns, int sms) {
    const double per_wave = double(sms) / columns;  // row blocks that one wave takes
    if (of_expert.variance <= 0) return waves_over(experts * of_expert.mean, per_wave);
    const double low = std::floor(of_expert.mean), share = of_expert.mean - low;
    if (experts <= kFewExperts && of_expert.variance < share * (1 - share) + kThirdOutcome)
        return binomial_waves(low, share, experts, per_wave);
    return normal_waves({experts * of_expert.mean, experts * of_expert.variance}, per_wave);
}

}  // namespace isobath
