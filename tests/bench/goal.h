/// A benchmark with a goal beside it, and the heap allocations of one iteration.
#pragma once

#include <cstddef>

#include <benchmark/benchmark.h>

namespace isobath {

/// Calls of operator new since the program began, on any thread.
std::size_t allocations();

/// Reports the goal and the allocations per iteration of the benchmark it lives in.
class Goal {
  public:
    Goal(benchmark::State& state, double goal_us) : state_(state), before_(allocations()) {
        state_.counters["goal_us"] = goal_us;
    }
    ~Goal() {
        const auto made           = static_cast<double>(allocations() - before_);
        state_.counters["allocs"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
    }
    Goal(const Goal&)            = delete;
    Goal& operator=(const Goal&) = delete;

  private:
    benchmark::State& state_;
    std::size_t before_;
};

}  // namespace isobath
