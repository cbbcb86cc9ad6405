#include "sim/serve/sources/rate_profile.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

void check(const std::vector<RatePoint>& points, double period) {
    if (!(period > 0 && period <= 1e9))
        throw SpecError(fmt::format("a period of {} s: allowed is more than 0, at most 1e9", period));
    if (points.empty()) throw SpecError("rates over time: at least one point is needed");
    double last = 0;
    for (const RatePoint& p : points) {
        if (!(p.at >= last && p.at <= period))
            throw SpecError(
                fmt::format("rate at {} s: times must be in order, within 0 to {}", p.at, period));
        if (!(p.rate >= 0 && p.rate <= 1e9))
            throw SpecError(fmt::format("a rate of {} per second: allowed are 0 to 1e9", p.rate));
        last = p.at;
    }
}

/// The same with a point at 0 and one at the end of the period.
std::vector<RatePoint> closed(std::vector<RatePoint> points, double period) {
    const RatePoint first = points.front(), last = points.back();
    const double gap = first.at + period - last.at;
    const double wrap =
        gap > 0 ? last.rate + (first.rate - last.rate) * (period - last.at) / gap : first.rate;
    if (first.at > 0) points.insert(points.begin(), {0, wrap});
    if (last.at < period) points.push_back({period, wrap});
    return points;
}

}  // namespace

RateProfile::RateProfile(const std::vector<RatePoint>& points, double period_s) : period_(period_s) {
    check(points, period_s);
    const std::vector<RatePoint> all = closed(points, period_s);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        const double length = all[i + 1].at - all[i].at, rate = all[i].rate, next = all[i + 1].rate;
        if (length > 0)
            pieces_.push_back({all[i].at, length, rate, (next - rate) / length, (rate + next) / 2 * length});
    }
    if (!(per_period() > 0)) throw SpecError("rates over time: one of them must be above 0");
}

double RateProfile::per_period() const {
    double sum = 0;
    for (const Piece& p : pieces_) sum += p.area;
    return sum;
}

double RateProfile::at(double seconds) const {
    seconds -= std::floor(seconds / period_) * period_;
    std::size_t i = pieces_.size() - 1;
    while (i > 0 && pieces_[i].from > seconds) --i;
    return pieces_[i].rate + pieces_[i].slope * (seconds - pieces_[i].from);
}

void RateProfile::advance(Place& place, double area) const {
    place.area += area;
    while (place.area >= pieces_[place.piece].area) {
        place.area -= pieces_[place.piece].area;
        if (++place.piece < pieces_.size()) continue;
        place.piece = 0;
        ++place.period;
    }
}

double RateProfile::seconds(const Place& place) const {
    const Piece& p = pieces_[place.piece];
    if (place.area <= 0) return p.from;
    // rate x + slope x^2 / 2 = area, in the form that loses no digits where the slope is small
    const double root = std::sqrt(std::max(0.0, p.rate * p.rate + 2 * p.slope * place.area));
    return p.from + std::min(p.length, 2 * place.area / (p.rate + root));
}

}  // namespace isobath
