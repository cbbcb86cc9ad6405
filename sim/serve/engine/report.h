/// The books of both fleets as one result.
#pragma once

#include "sim/serve/engine/fleet.h"

namespace isobath::engine {

/// `end`: until when the fleets are counted; second: null where the first does it all.
ServeResult report(Fleet& first, Fleet* second, Ticks end, bool partial);

}  // namespace isobath::engine
