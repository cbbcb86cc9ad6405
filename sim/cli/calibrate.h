/// The actions of `isobath calibrate`.
#pragma once

#include <string>
#include <vector>

#include "hw/calibration.h"
#include "sim/cli/flags.h"

namespace isobath::cli {

int calibrate_fit(const Call&, const Flags&, const std::vector<std::string>& files);
int calibrate_import(const Call&, const Flags&);
int calibrate_lint(const Call&, const Flags&);
int calibrate_show(const Call&, const Flags&, const std::vector<std::string>& names);

/// Tables of errors: rows that were fitted, rows held back, shapes left out.
std::string errors_text(const Calibration& calibration);

}  // namespace isobath::cli
