/// Every unit of the space evaluated once: prefill units, decode units at each batch, and aggregated
/// deployments, whose closed loop needs both.
#pragma once

#include "sim/planner/plan.h"

namespace isobath {

/// A prefill unit of the space that fits and is fast enough alone.
struct SurveyedPrefill {
    PrefillUnit unit;
    int cluster = 0, layout = 0;
};
/// A decode unit at one batch that fits and is within the limit.
struct SurveyedDecode {
    DecodePoint point;
    int cluster = 0, layout = 0, speculation = 0, batch = 0;
};

/// What split deployments of one precision are paired from, with the units that are out.
struct PrecisionSurvey {
    std::vector<SurveyedPrefill> prefills;
    std::vector<SurveyedDecode> decodes;
    std::array<double, kExcludedCount> prefills_out{}, decodes_out{};
};

/// Evaluates the space; aggregated deployments go straight into `search`, split ones wait to be paired. One
/// survey for each precision.
std::vector<PrecisionSurvey> survey_units(const Scenario& scenario, const DataFiles& data,
                                          PlanSearch& search);

}  // namespace isobath
