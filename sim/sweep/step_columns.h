/// Columns of `isobath run` that one evaluation of a step gives, without the JSON around them.
#pragma once

#include <string_view>
#include <vector>

#include "model/memory.h"
#include "sim/rates.h"
#include "sim/step.h"

namespace isobath::sweep {

/// What one evaluation leaves behind.
struct StepPoint {
    const Scenario& scenario;
    const StepTimes& times;
    const MemoryUse& memory;
    const Rates& rates;
    const ExchangeCost* exchange;  ///< null where tokens do not travel
};

/// The number that stands at a pointer of `isobath run --json`: the same to the last bit (a test). Truths are
/// 0 or 1; what is absent from the result is not a number.
using StepColumn = double (*)(const StepPoint&);

/// Null where the column takes more than one evaluation: intervals, operations, a server.
StepColumn step_column(std::string_view pointer);

/// Every pointer that step_column() knows.
std::vector<std::string_view> step_column_names();

}  // namespace isobath::sweep
