/// From a serve scenario to what its simulation is told, and what was worked out on the way.
#pragma once

#include <string>

#include "model/memory.h"
#include "sim/scenario.h"
#include "sim/serve/setup.h"

namespace isobath {

/// One kind of unit: memory of one of its GPUs at its cache's full load, and what a token's cache takes.
struct UnitMemory {
    MemoryUse use;
    Bytes kv_per_token;  ///< on one GPU
    bool fits = true;    ///< one request of mean length has room
};

struct Deployment {
    ServeSetup setup;
    bool split = false;
    UnitMemory first, second;    ///< aggregated or prefill units; decode units
    BytesPerSecond transfer;     ///< of a prompt's cache from each GPU of a prefill unit
    double tokens_per_step = 1;  ///< of a decoding request, mean
    int table_values       = 0;  ///< evaluations of the step model behind the step tables

    bool fits() const { return first.fits && (!split || second.fits); }
    int gpus() const;
};

/// Units, their step tables, room and engine, as the scenario says. Where it does not know whether the server
/// speculates, it must be told first (Speculation::use).
///
/// Throws SpecError where units, schedule or the prefix cache's capacity make no sense. Takes 10 to 100 ms.
Deployment deployment_of(const Scenario& scenario, const DataFiles& data);

/// Only what simulate() is told.
ServeSetup serve_setup(const Scenario& scenario, const DataFiles& data);

}  // namespace isobath
