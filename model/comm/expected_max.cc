#include <algorithm>
#include <array>
#include <cmath>

#include "model/comm/routing.h"

namespace isobath {
namespace {

constexpr int kReach = 7, kPerUnit = 64, kPlaces = 64;  // beyond 7 deviations lies 1e-12

/// Phi at steps of 1/64 from -7 to 7, and one more for the last interpolation.
class NormalTable {
  public:
    NormalTable() {
        for (std::size_t i = 0; i < value_.size(); ++i)
            value_[i] = 0.5 * std::erfc(-(double(i) / kPerUnit - kReach) / std::sqrt(2.0));
    }

    double below(double x) const {
        const double place = std::clamp((x + kReach) * kPerUnit, 0.0, 2.0 * kReach * kPerUnit);
        const auto left    = static_cast<std::size_t>(place);
        return value_[left] + (place - double(left)) * (value_[left + 1] - value_[left]);
    }

  private:
    std::array<double, 2 * kReach * kPerUnit + 2> value_;
};

double all_below(std::span<const double> mean, std::span<const double> deviation, double x,
                 const NormalTable& phi) {
    double below = 1;
    for (std::size_t r = 0; r < mean.size() && below > 1e-15; ++r)
        below *= deviation[r] > 0 ? phi.below((x - mean[r]) / deviation[r]) : double(x >= mean[r]);
    return below;
}

}  // namespace

double expected_max(std::span<const double> mean, std::span<const double> deviation) {
    static const NormalTable phi;
    double low = -HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t r = 0; r < mean.size(); ++r) {
        low  = std::max(low, mean[r] - kReach * deviation[r]);
        high = std::max(high, mean[r] + kReach * deviation[r]);
    }
    const double step = (high - low) / kPlaces;
    double above      = 0;
    for (int i = 0; i < kPlaces; ++i) above += 1 - all_below(mean, deviation, low + (i + 0.5) * step, phi);
    return low + above * step;
}

}  // namespace isobath
