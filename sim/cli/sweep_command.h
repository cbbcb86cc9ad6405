/// Parts of `isobath sweep` that are files of their own.
#pragma once

#include <cstddef>
#include <optional>

#include "sim/cli/flags.h"
#include "sim/sweep/ranks.h"
#include "sim/sweep/run_sweep.h"

namespace isobath::cli {

/// `isobath sweep` by the ranks of an MPI job, or by this process alone.
int sweep_with(const Call& call, sweep::Ranks* ranks);

/// Ranks of a job as their launcher tells them in the environment: mpirun, or srun with PMI or PMIx.
struct Launched {
    std::size_t rank = 0, size = 1;
};
std::optional<Launched> launched_as();

/// While it lives, an interrupt or a request to end sets a flag instead.
class StopFlag {
  public:
    StopFlag();
    ~StopFlag();
    StopFlag(const StopFlag&)            = delete;
    StopFlag& operator=(const StopFlag&) = delete;

    const std::atomic<bool>* flag() const;
    bool is_set() const { return flag()->load(); }
    /// Ends this process by the signal that came.
    static void pass_on();
};

/// One line on a terminal, over and over; nothing elsewhere, nor in the first second.
class ProgressLine {
  public:
    explicit ProgressLine(std::ostream& err);
    ~ProgressLine();
    ProgressLine(const ProgressLine&)            = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(const sweep::Progress& progress);

  private:
    std::ostream* err_;
    bool shown_ = false;
};

/// {"wall_s", "cpu_s", "resident_bytes", "points", "points_per_s"}: what varies from run to run.
std::string timing_of(const sweep::Progress& progress, double wall_s);

}  // namespace isobath::cli
