/// Evaluates the points of a sweep that its folder does not hold yet.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>

#include "sim/sweep/blocks.h"
#include "sim/sweep/sweep.h"

namespace isobath::sweep {

class Space;

/// What has been done so far, by this process.
struct Progress {
    std::size_t evaluated = 0, excluded = 0;  ///< points; the second cannot be
    std::size_t found = 0;                    ///< in the folder, from before
    double seconds    = 0;                    ///< since the start
    double share      = 0;                    ///< of all blocks, handed out
};

struct RunAsk {
    std::filesystem::path folder;  ///< must hold the definition
    int threads                                   = 1;
    const std::atomic<bool>* stop                 = nullptr;  ///< set: finish the points at hand, and return
    std::function<void(const Progress&)> progress = {};       ///< called a few times a second
};

/// Results appear in a part file of this process, in batches, and reach the disk about every second. Each
/// point's result hangs on nothing but the point. Throws what an evaluation or the disk throws.
Progress run_sweep(const Sweep& sweep, const Space& space, const DataFiles& data, BlockSource& blocks,
                   const RunAsk& ask);

}  // namespace isobath::sweep
