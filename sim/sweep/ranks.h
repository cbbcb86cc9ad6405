/// Processes that do one sweep together: a single one, or the ranks of an MPI job.
#pragma once

#include <memory>

#include "sim/sweep/blocks.h"

namespace isobath::sweep {

class Ranks {
  public:
    virtual ~Ranks()         = default;
    virtual int rank() const = 0;
    virtual int size() const = 0;
    /// Blocks 0 to count - 1, each for one rank; all ranks call it at the same time.
    virtual std::unique_ptr<BlockSource> blocks(std::size_t count) = 0;
    /// Waits for all ranks.
    virtual void meet() = 0;
};

}  // namespace isobath::sweep
