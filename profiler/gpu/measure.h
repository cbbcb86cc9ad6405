/// The loop that measures one point.
#pragma once

#include <memory>

#include "profiler/gpu/bench.h"
#include "profiler/sampling.h"

namespace isobath {

/// Starts something that runs beside samples until its handle goes; empty: nothing does.
using Company = std::function<std::shared_ptr<void>()>;

/// What one point gave.
struct Measured {
    MeasuredRow row;    ///< point and implementation are filled in by the caller
    Seconds by_events;  ///< the same time by events, where the row's is by activity records
};

/// Measures launches on one device: warm-up, check, samples with a cold L2 behind a closed gate, the clock
/// read after each, activity records where CUPTI is there.
class Measurer {
  public:
    explicit Measurer(const StoppingRule& rule);
    ~Measurer();

    /// Company comes after the warm-up and goes with the last sample: allocating beside it would wait for its
    /// end. Throws CudaError if a call fails; the device may then be in no state to measure further.
    Measured measure(const Launch& launch, const Company& company = {});

    /// What one launch moves to and from device memory, L2 being cold where it is for its samples; 0 where
    /// counters are not to be had, and why_no_counters() then says why. Activity records rest meanwhile.
    Bytes count_dram(const Launch& launch);
    const std::string& why_no_counters() const { return why_no_counters_; }

    /// Why times come from events alone; empty: they come from activity records.
    const std::string& why_no_activity() const;

  private:
    struct Tools;
    StoppingRule rule_;
    ClockJudge judge_;
    std::unique_ptr<Tools> tools_;
    std::string why_no_counters_;

    void warm_up(const Launch& launch);
    Sample take(const Launch& launch);
    Sampled samples(const Launch& launch, std::vector<bool>& counts);  ///< counts: which of those taken do
};

}  // namespace isobath
