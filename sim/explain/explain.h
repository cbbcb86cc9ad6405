/// The answer to `isobath explain`: what can be explained, and one explanation.
#pragma once

#include "sim/explain/explanation.h"
#include "sim/explain/study.h"

namespace isobath {

/// Names that explain() knows for this scenario, in the order of a step: kernels, transfers, waits, totals,
/// memory, rates. Each stands once, however often a layer runs it.
std::vector<std::string> topics(const Study& study);

/// Throws SpecError with the nearest name if `name` is none of topics(), and std::logic_error if the
/// explanation does not lead to the number.
Explanation explain(const Study& study, const std::string& name);

/// Every topic in one line: name, value, what it is.
std::string topics_text(const Study& study, bool colour);
/// {"topics": [{"op", "title", "result_s" or "value", "unit"}]}.
nlohmann::json topics_json(const Study& study);

}  // namespace isobath
