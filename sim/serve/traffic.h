/// The requests that a serve scenario describes.
#pragma once

#include <memory>

#include "sim/scenario.h"
#include "sim/serve/request.h"

namespace isobath {

/// Requests as workload.arrivals, lengths and cached_share say; a trace is looked for beside the scenario's
/// file first. `skip_bad`: leave out lines of a trace that cannot be read.
///
/// Throws SpecError where lengths have no such law, or a trace cannot be read.
std::unique_ptr<RequestSource> traffic_of(const Scenario& scenario, bool skip_bad = false);

/// The file of a trace as it is looked for.
std::string trace_path(const Scenario& scenario);

/// How many requests will arrive, as far as the scenario says; 0: unknown.
double expected_requests(const Scenario& scenario);

}  // namespace isobath
