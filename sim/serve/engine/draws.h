/// What the engine draws random numbers for.
#pragma once

#include "sim/serve/draws.h"

namespace isobath::engine {

/// Purposes beside those of sources, which are small. The n-th time that a request starts to decode draws its
/// steps under kDecode + n.
inline constexpr std::uint64_t kFailures = std::uint64_t{1} << 32, kDecode = std::uint64_t{2} << 32;

}  // namespace isobath::engine
