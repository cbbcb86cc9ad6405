/// The ranks of an MPI job that share the points of a sweep.
#pragma once

#include <memory>

#include "sim/sweep/ranks.h"

namespace isobath::cli {

/// Begins MPI, and ends it when the ranks go. Throws std::runtime_error where MPI does not start.
std::unique_ptr<sweep::Ranks> start_ranks();

/// Ends all ranks at once: one that fails would leave the others waiting.
[[noreturn]] void abort_ranks(int code);

}  // namespace isobath::cli
