/// Which rows a run still has to measure, and when it has to stop.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw/measurements.h"

namespace isobath {

/// A point, and how many SMs a copying kernel shall hold meanwhile.
struct Wanted {
    KernelPoint point;
    int held_sms                          = 0;
    auto operator<=>(const Wanted&) const = default;
};

/// A row to be measured: by which implementation.
struct RowToMeasure {
    Wanted wanted;
    std::string implementation;
    auto operator<=>(const RowToMeasure&) const = default;
};

/// Rows of a file that need not be measured again: measured or skipped on a device of this name with this
/// driver. A library found or renewed since has another implementation text, so its rows are open again.
std::vector<RowToMeasure> rows_done(std::span<const Measurements> file, const MeasuredDevice& device);

/// `wanted` without `done`, in order, each once.
std::vector<RowToMeasure> rows_left(std::span<const RowToMeasure> wanted, std::span<const RowToMeasure> done);

/// A slice of wall time that ends before its limit: no row is begun that would not end in time if it took as
/// long as the longest so far.
class TimeBudget {
  public:
    explicit TimeBudget(Seconds limit, Seconds first_guess = 5 * unit::s)
        : limit_(limit), longest_(first_guess) {}

    bool allows_another(Seconds spent) const { return spent + longest_ <= limit_; }
    void took(Seconds row) { longest_ = row > longest_ ? row : longest_; }

  private:
    Seconds limit_, longest_;
};

}  // namespace isobath
