/// A rate that goes up and down over a day, and the same every day.
#pragma once

#include <cstddef>
#include <vector>

namespace isobath {

/// Seconds into the period, and the rate there, per second.
struct RatePoint {
    double at = 0, rate = 0;
};

/// Linear between its points, and from the last one to the first one of the next period; two points at one
/// time make a step. One point: the same rate always.
class RateProfile {
  public:
    /// Points in order of time within 0 .. period. Throws SpecError where they are not, where a rate is
    /// below 0, or all are 0.
    RateProfile(const std::vector<RatePoint>& points, double period_s = 86'400);

    double per_period() const;
    double at(double seconds) const;

    /// A place in time, that moves on by areas under the rate.
    struct Place {
        std::size_t period = 0, piece = 0;
        double area = 0;  ///< since the piece began
    };
    /// Moves `place` until the area passed is `area`; exact, as the area is quadratic inside a piece.
    void advance(Place& place, double area) const;
    /// Seconds into its period.
    double seconds(const Place& place) const;
    double period() const { return period_; }

  private:
    struct Piece {
        double from, length, rate, slope, area;
    };
    std::vector<Piece> pieces_;
    double period_;
};

}  // namespace isobath
