/// The cheapest formats, component by component, whose numerics stay inside a budget.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "model/precision.h"

namespace isobath::numerics {

/// What a policy may do at most.
struct NumericBudget {
    double error      = std::numeric_limits<double>::infinity();  ///< of the hidden state, relative
    double acceptance = std::numeric_limits<double>::infinity();  ///< lost by the first draft
};

struct PolicyScore {
    double error = 0, acceptance_loss = 0;
};

using PolicyMeasure = std::function<PolicyScore(const PrecisionPolicy&)>;
/// Seconds or any other price; infinity for a policy that cannot run.
using PolicyCost = std::function<double(const PrecisionPolicy&)>;

/// A component whose next step down would have paid most, had the budget allowed it.
struct Binding {
    std::string component, format, limit;  ///< limit: "error" or "acceptance"
    double cost = 0;
};

struct CheapestPolicy {
    PrecisionPolicy policy;
    PolicyScore score;
    double cost     = 0;
    bool feasible   = false;       ///< false: even `start` breaks the budget
    int evaluations = 0;           ///< of the cost
    std::vector<Binding> binding;  ///< by falling gain; empty where no cheaper step was forbidden
};

/// The name of each component that a search may change, in the policy's own words.
std::vector<std::string> searched_components();

/// Improves `start` by the single change of a component's format that saves most and keeps the budget, until
/// none does; then tries pairs of changes, which may tighten one component to loosen another. A local optimum
/// of both: cost need not be additive, so nothing better is promised. Formats whose block scales the tensor
/// core applies itself (MXFP8, NVFP4) are tried only where `microscaled`: from Blackwell on. The router,
/// whose formats are all plain, keeps its own.
CheapestPolicy cheapest_policy(const PrecisionPolicy& start, const PolicyMeasure& measure,
                               const PolicyCost& cost, const NumericBudget& budget, bool microscaled = true);

}  // namespace isobath::numerics
