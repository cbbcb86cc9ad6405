/// Prints each time next to its goal; --benchmark_out=FILE keeps the same as JSON. Exit 1 if a goal is
/// missed.
#include <iostream>

#include <fmt/format.h>

#include "tests/bench/goal.h"

namespace {

/// One line per benchmark, and a count of the goals that were missed.
class GoalReporter final : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context&) override {
        GetOutputStream() << fmt::format("{:<28}{:>12}{:>12}{:>10}\n", "", "time us", "goal us", "allocs");
        return true;
    }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) report(run);
    }

    int missed() const { return missed_; }

  private:
    void report(const Run& run) {
        // Time on the core, so that neighbours on a busy machine do not count; by the clock where a process
        // is timed.
        const bool by_clock  = run.run_name.time_type == "real_time";
        const double time    = by_clock ? run.real_accumulated_time : run.cpu_accumulated_time;
        const double time_us = time / static_cast<double>(run.iterations) * 1e6;
        const double goal_us = run.counters.at("goal_us"), allocs = run.counters.at("allocs");
        const bool late = time_us > goal_us;
        missed_ += late;
        GetOutputStream() << fmt::format("{:<28}{:>12.3f}{:>12.3f}{:>10.1f}{}\n", run.benchmark_name(),
                                         time_us, goal_us, allocs, late ? "  missed" : "");
    }

    int missed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    GoalReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return reporter.missed() == 0 ? 0 : 1;
}
