#include "sim/serve/engine/service.h"

#include <algorithm>

namespace isobath::engine {
namespace {

constexpr Ticks kDay = 86'400'000'000'000;

int most_units(const FleetSpec& fleet) {
    int most = fleet.count;
    for (const FleetSpec::Change& change : fleet.schedule) most = std::max(most, change.count);
    return most + fleet.spare;
}

}  // namespace

Service::Service(const FleetSpec& fleet, const FailureSpec& failures, std::uint64_t seed, int fleet_index)
    : fleet_(fleet),
      failures_(failures),
      count_(fleet.count),
      failed_(static_cast<std::size_t>(most_units(fleet))) {
    // The day before has ended with its last change.
    if (fleet.repeats_daily && !fleet.schedule.empty()) count_ = fleet.schedule.back().count;
    for (std::size_t unit = 0; unit < failed_.size() && failures.mean_between > 0; ++unit) {
        draws_.emplace_back(seed, kFailures, static_cast<std::uint64_t>(fleet_index) << 32 | unit);
        turns_.push_back(time_to_failure(unit));
    }
    choose();
}

Ticks Service::time_to_failure(std::size_t unit) {
    const double drawn = draws_[unit].exponential() * static_cast<double>(failures_.mean_between) /
                         std::max(1, fleet_.unit.gpus);
    return static_cast<Ticks>(drawn) + 1;
}

Ticks Service::next_scheduled() const {
    return change_ < fleet_.schedule.size() ? day_ + fleet_.schedule[change_].at : kNoTicks;
}

void Service::choose() {
    taking_.clear();
    for (int unit = 0; unit < paid() && static_cast<int>(taking_.size()) < count_; ++unit)
        if (!failed(unit)) taking_.push_back(unit);
    next_ = next_scheduled();
    for (const Ticks turn : turns_) next_ = std::min(next_, turn);
}

int Service::change() {
    int lost = -1;
    if (next_scheduled() == next_) {
        change_count();
    } else {
        const auto unit = std::find(turns_.begin(), turns_.end(), next_) - turns_.begin();
        if (fail_or_repair(static_cast<std::size_t>(unit))) lost = static_cast<int>(unit);
    }
    choose();
    return lost;
}

void Service::change_count() {
    count_ = fleet_.schedule[change_++].count;
    if (change_ < fleet_.schedule.size() || !fleet_.repeats_daily) return;
    change_ = 0;
    day_ += kDay;
}

bool Service::fail_or_repair(std::size_t unit) {
    failed_[unit] = !failed_[unit];
    turns_[unit] += failed_[unit] ? failures_.repair : time_to_failure(unit);
    return failed_[unit];
}

}  // namespace isobath::engine
