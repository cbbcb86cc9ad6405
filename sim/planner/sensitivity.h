/// What moves the winner's figures: one thing at a time, to both ends of its interval or by a tenth.
#pragma once

#include "sim/planner/answer.h"

namespace isobath {

/// Every lever, the strongest first. Hardware by a tenth, kernel families, engine constants and acceptance by
/// their 80 % intervals, load, lengths and price by a tenth. Nothing where one scenario cannot say the plan.
///
/// A tenth more bandwidth moves only kernels that are timed as a share of the data sheet; where measured
/// times stand, they stay.
std::vector<Lever> sensitivity(const Scenario& planned, const DataFiles& data);

/// How sure the SLO is, and which family of kernels makes it unsure.
std::vector<FamilyRisk> risks(const PlanQuestion& question, const Scenario& planned, const DataFiles& data);

}  // namespace isobath
