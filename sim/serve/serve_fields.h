/// Fields of a serve scenario that are more than one number.
#pragma once

#include <optional>
#include <vector>

#include "sim/resolve.h"
#include "sim/serve/setup.h"

namespace isobath {

/// Refuses what cannot be served: "FILE: /json/path: what is wrong; what is allowed". Of scenarios whose
/// phase is serve, read by read_scenario().
void check_serving(const Scenario& scenario, const Origin& origin);

/// Room for cached prefixes: none, bytes of each GPU, or (no bytes) what running requests leave.
struct PrefixRoom {
    bool on = true;
    std::optional<Bytes> bytes;
};
PrefixRoom prefix_capacity(const Scenario& scenario);

/// Units of a kind ("prefill", "decode", "aggregated") in service over a day; empty: all of them always.
std::vector<FleetSpec::Change> schedule_of(const Scenario& scenario, const char* kind, int units);

/// Relative rates over equal parts of a day; empty where none are given.
std::vector<double> profile_of(const Scenario& scenario);

}  // namespace isobath
