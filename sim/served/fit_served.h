/// Fits engine constants to served runs, and says what the fit is worth on runs it has not seen.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/served/constants.h"

namespace isobath {

/// One measured run: means over its requests. A time of zero was not measured.
struct ServedRun {
    std::string id;
    Scenario scenario;
    Seconds tpot, ttft;
    int fold = 0;  ///< runs of one fold are left out together
};

/// log(predicted / measured) of one run.
struct ServedError {
    double tpot = 0, ttft = 0;
};

struct ServedFit {
    std::vector<ServedConstant> constants;
    std::vector<ServedError> errors;  ///< one per run, seen or not
};

/// Runs for which `use` says yes are fitted; the rest are predicted only. Time to first token counts a
/// quarter of time per token. Deterministic.
ServedFit fit_served(const std::vector<ServedRun>& runs, const std::vector<bool>& use,
                     std::vector<ServedConstant> constants, const DataFiles& data);

}  // namespace isobath
