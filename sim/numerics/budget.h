/// The cheapest precision inside a budget of numeric error, priced by the step of a scenario.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/numerics/cheapest_policy.h"
#include "sim/numerics/report.h"
#include "sim/scenario.h"

namespace isobath {

/// "error=0.1,acceptance=0.02". Throws SpecError on anything else.
numerics::NumericBudget parse_budget(const std::string& text);

struct PricedPolicy {
    PrecisionPolicy policy;
    numerics::PolicyScore score;
    Seconds step;
    bool fits = false;
};

struct BudgetReport {
    std::string scenario;
    numerics::NumericBudget budget;
    numerics::CheapestPolicy found;
    PricedPolicy asked, cheapest;  ///< the policy of the request, and what the search ends at
};

/// Searches from BF16 throughout. A step's time comes from run_scenario(); a policy that does not fit in
/// memory costs more than any that does, the more bytes the more; one whose math the GPU lacks is not tried.
/// Error: the hidden state's. Acceptance: what the first draft loses with noise on both sides.
BudgetReport cheapest_precision(const Scenario& scenario, const NumericsRequest& request,
                                const numerics::NumericBudget& budget, const DataFiles& data);

nlohmann::json to_json(const BudgetReport& report);
std::string to_text(const BudgetReport& report);

}  // namespace isobath
