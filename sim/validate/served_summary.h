/// How well served runs are predicted by constants that have not seen them, and how many constants there are.
#pragma once

#include "sim/validate/report.h"

namespace isobath {

/// Errors by GPU, engine and way of serving; no rows if the report holds no served point.
ReportTable served_table(const ValidationReport& report, const DataFiles& data);

}  // namespace isobath
