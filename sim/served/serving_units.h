/// The units of a deployment: what a "serve" scenario's layouts and counts say, each as a scenario of its
/// own.
#pragma once

#include <optional>

#include "sim/scenario.h"

namespace isobath {

/// One kind of unit: `count` equal groups of GPUs, with the scenario that times one of its steps.
struct ServingUnit {
    Scenario scenario;  ///< phase prefill or decode
    double count = 1;
};

/// Aggregated: both phases on the same GPUs. Split: prefill units hand over to decode units.
struct ServingUnits {
    ServingUnit prefill, decode;
    bool split = false;

    int gpus() const;
};

/// Reads serving.units: {"prefill": {"count": 2, "layout": {...}}, "decode": {...}}, or {"aggregated":
/// {...}}; absent: one aggregated unit. A unit takes the GPUs its layout needs; together they may not take
/// more than the cluster has.
///
/// Throws SpecError naming the place under /serving/units.
ServingUnits serving_units(const Scenario& scenario, const DataFiles& data);

}  // namespace isobath
