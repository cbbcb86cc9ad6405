#include "sim/serve/quantiles.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

/// Times that one part counts: from .. from + width - 1.
struct Part {
    double from, width;
};

Part part_at(std::size_t index, int bits) {
    const std::size_t parts = std::size_t{1} << bits;
    if (index < 2 * parts) return {static_cast<double>(index), 1};
    const std::size_t shift = (index >> bits) - 1;
    const double width      = std::ldexp(1.0, static_cast<int>(shift));
    return {static_cast<double>(index - (shift << bits)) * width, width};
}

}  // namespace

void Quantiles::make_room(std::size_t from, std::size_t to) {
    from -= from % kParts;
    to += kParts - to % kParts;
    if (!parts_.empty()) from = std::min(from, first_), to = std::max(to, first_ + parts_.size());
    if (!parts_.empty()) parts_.insert(parts_.begin(), first_ - from, 0);
    parts_.resize(to - from);
    first_ = from;
}

void Quantiles::add_outside(Ticks time, std::uint64_t times) {
    make_room(part_of(time), part_of(time));
    add(time, times);
}

void Quantiles::add(const Quantiles& other) {
    if (other.count_ == 0) return;
    make_room(other.first_, other.first_ + other.parts_.size() - 1);
    for (std::size_t i = 0; i < other.parts_.size(); ++i)
        parts_[other.first_ - first_ + i] += other.parts_[i];
    note(other.least_, other.greatest_, other.count_, other.sum_);
}

double Quantiles::mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

double Quantiles::quantile(double share) const {
    if (count_ == 0) return 0;
    // 0.07 * 100 is a little over 7: what rounding added must not ask for one more.
    const double rank = std::ceil(share * static_cast<double>(count_) * (1 - 1e-15));
    if (!(rank > 1)) return static_cast<double>(least_);
    if (rank >= static_cast<double>(count_)) return static_cast<double>(greatest_);
    const auto wanted  = static_cast<std::uint64_t>(rank);
    std::uint64_t seen = 0;
    std::size_t i      = 0;
    while ((seen += parts_[i]) < wanted) ++i;
    const Part part = part_at(first_ + i, kBits);
    return std::clamp(part.from + (part.width - 1) / 2, static_cast<double>(least_),
                      static_cast<double>(greatest_));
}

double Quantiles::share_within(Ticks limit) const {
    if (count_ == 0 || limit >= greatest_) return 1;
    if (limit < least_) return 0;
    const std::size_t index = part_of(limit), last = index - first_;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < last; ++i) below += parts_[i];
    const Part part     = part_at(index, kBits);
    const double inside = (static_cast<double>(limit) - part.from + 1) / part.width;
    return (static_cast<double>(below) + inside * static_cast<double>(parts_[last])) /
           static_cast<double>(count_);
}

}  // namespace isobath
