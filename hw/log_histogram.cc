#include "hw/log_histogram.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace isobath {

int LogHistogram::index_of(Seconds time) {
    const double octaves = std::log2(std::max(1.0, time.in(unit::ns)));
    return static_cast<int>(std::min<double>(kBuckets - 1, octaves * kPerOctave));
}

Seconds LogHistogram::middle_of(int index) {
    return std::exp2((index + 0.5) / kPerOctave) * unit::ns;
}

void LogHistogram::add_to(int index, std::uint64_t count) {
    if (index < 0 || index >= kBuckets) throw std::out_of_range("no such bucket");
    if (count == 0) return;
    const auto before = [](const Bucket& bucket, int i) { return bucket.index < i; };
    const auto at     = std::lower_bound(buckets_.begin(), buckets_.end(), index, before);
    if (at != buckets_.end() && at->index == index)
        at->count += count;
    else
        buckets_.insert(at, {index, count});
    count_ += count;
}

void LogHistogram::add(const LogHistogram& other) {
    for (const Bucket& bucket : other.buckets_) add_to(bucket.index, bucket.count);
}

Seconds LogHistogram::at_rank(std::uint64_t rank) const {
    for (const Bucket& bucket : buckets_) {
        if (rank < bucket.count) return middle_of(bucket.index);
        rank -= bucket.count;
    }
    return {};
}

Seconds LogHistogram::quantile(double share) const {
    if (count_ == 0) return {};
    const double rank = std::clamp(share, 0.0, 1.0) * double(count_ - 1);
    const auto low = static_cast<std::uint64_t>(rank), high = static_cast<std::uint64_t>(std::ceil(rank));
    return (at_rank(low) + at_rank(high)) / 2;
}

double LogHistogram::spread() const {
    return count_ == 0 ? 0 : (quantile(0.75) - quantile(0.25)) / median();
}

}  // namespace isobath
