/// Which units of a fleet take requests: the schedule says how many, failures which.
#pragma once

#include <vector>

#include "sim/serve/engine/draws.h"
#include "sim/serve/setup.h"

namespace isobath::engine {

/// Of the units that are paid, the scheduled number and the spares, the first so many that have not failed
/// take requests. Times of failure are drawn for each unit alone, whether it takes requests or not.
class Service {
  public:
    Service(const FleetSpec& fleet, const FailureSpec& failures, std::uint64_t seed, int fleet_index);

    int units() const { return static_cast<int>(failed_.size()); }  ///< that there ever are
    int paid() const { return count_ + fleet_.spare; }
    const std::vector<int>& taking() const { return taking_; }
    bool failed(int unit) const { return failed_[static_cast<std::size_t>(unit)]; }
    /// When something changes next.
    Ticks next() const { return next_; }
    /// One change; the unit that fails with it, else -1. At the same moment the schedule goes before units, a
    /// unit before those that follow it.
    int change();

  private:
    Ticks next_scheduled() const;
    void change_count();
    bool fail_or_repair(std::size_t unit);
    Ticks time_to_failure(std::size_t unit);
    void choose();

    const FleetSpec& fleet_;
    const FailureSpec& failures_;
    int count_;
    std::size_t change_ = 0;  ///< of the schedule, next
    Ticks day_          = 0;  ///< when the schedule's present round began
    Ticks next_         = 0;
    std::vector<bool> failed_;
    std::vector<Ticks> turns_;  ///< when each unit fails or is back
    std::vector<Draws> draws_;  ///< of each unit's times
    std::vector<int> taking_;
};

}  // namespace isobath::engine
