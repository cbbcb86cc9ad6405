/// The published served runs, and the constants fitted to them fold by fold.
#pragma once

#include <vector>

#include "hw/data.h"
#include "sim/served/fit_served.h"

namespace isobath {

inline constexpr int kServedFolds        = 5;
inline constexpr const char* kServedFile = "hw/calibrations/served/served.json";

/// The runs among the validation points (two points a run: time per output token, time to first token).
std::vector<ServedRun> served_runs(const DataFiles& data);

/// Cross-validation: everything fitted, and once more without each fold.
struct ServedCross {
    ServedFit all;
    std::vector<ServedFit> without;   ///< [fold]: its errors hold for the runs of that fold
    ServedFit aggregated;             ///< fitted on aggregated runs alone
    std::vector<ServedError> unseen;  ///< of each run, by the fit that has not seen its fold
};
ServedCross cross_validate(const std::vector<ServedRun>& runs, const DataFiles& data);

/// `data` with the constants of one shipped fit: "all", "aggregated_only", "without_fold_0", ...
DataFiles with_fit(const DataFiles& data, const std::string& name);
/// `data` with the constants of the fit that has not seen `fold`.
DataFiles without_fold(const DataFiles& data, int fold);

nlohmann::json to_json(const ServedCross& cross, const nlohmann::json& parameters);
std::string to_text(const ServedCross& cross, const std::vector<ServedRun>& runs);

}  // namespace isobath
