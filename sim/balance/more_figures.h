/// Pictures of a load that moves and of a router in training.
#pragma once

#include "sim/balance/balance.h"
#include "sim/plot/figure.h"

namespace isobath {

/// mean / max of the plan in use over time.
plot::Figure drift_figure(const DriftReport& drift);
/// MaxVio over steps, a line per method. Needs a method.
plot::Figure training_figure(const Balance& balance);
/// Share of pairs beyond capacity over steps. Needs a method with a capacity.
plot::Figure dropped_figure(const Balance& balance);

}  // namespace isobath
