/// Bytes that cross the memory's pins, by CUPTI's range profiler.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hw/units.h"

namespace isobath {

/// Counts what one launch moves. While it lives no activity records may be collected: CUPTI does one or the
/// other.
class DramCounter {
  public:
    DramCounter();
    ~DramCounter();
    DramCounter(const DramCounter&)            = delete;
    DramCounter& operator=(const DramCounter&) = delete;

    /// Why nothing can be counted; empty: it can. Counters are often kept for administrators.
    const std::string& why_not() const { return why_not_; }

    /// Read and written bytes of what `launch` queues and waits for; it is called once for each pass that the
    /// counters take, after `prepare`. 0 if counting failed, and why_not() then says how.
    Bytes count(const std::function<void()>& prepare, const std::function<void()>& launch);

  private:
    struct Profiler;
    std::unique_ptr<Profiler> profiler_;
    std::string why_not_;
};

}  // namespace isobath
