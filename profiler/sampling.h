/// When enough samples are enough, and which of them count. No CUDA: time and samples come as functions.
#pragma once

#include <functional>
#include <optional>

#include "hw/measurements.h"
#include "profiler/statistics.h"

namespace isobath {

struct StoppingRule {
    double max_noise = 0.005;  ///< standard error of the median over the median
    int min_samples = 15, max_samples = 200;
    Seconds wall_time = 2 * unit::s;  ///< no new sample after this, however few there are

    /// Why to stop now; nothing: go on. `taken` counts discarded samples too, so that a hot GPU ends as well.
    std::optional<Stopped> verdict(const Statistics& kept, int taken, Seconds spent) const;
};

/// Tells samples that a lowered clock spoiled from those that count.
///
/// A clock below `share` of the highest seen so far is a lowered one. A GPU that stays there for `patience`
/// samples in a row has settled: its clock is the new measure, and the row says which it was.
class ClockJudge {
  public:
    explicit ClockJudge(double share = 0.95, int patience = 20) : share_(share), patience_(patience) {}

    /// Whether a sample taken at this clock counts; a clock of 0 was not read and always does.
    bool keep(int mhz);

  private:
    double share_;
    int patience_;
    int highest_ = 0, low_in_a_row_ = 0;
};

struct Sample {
    Seconds time;
    int clock_mhz = 0;  ///< 0: not read
    bool valid    = true;
};

struct Sampled {
    Statistics times;
    int discarded   = 0;
    int clock_mhz   = 0;  ///< median over the samples that count
    Stopped stopped = Stopped::noise;
};

/// Takes samples until the rule is satisfied. `now` is a clock that only goes forward; `rest` is called after
/// a sample that was discarded, so that the GPU may cool.
Sampled sample(const StoppingRule& rule, ClockJudge& judge, const std::function<Sample()>& take,
               const std::function<Seconds()>& now, const std::function<void()>& rest);

}  // namespace isobath
