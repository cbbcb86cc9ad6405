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
int calibrate_shapes(const Call&, const Flags&, const std::vector<std::string>& files);
/// run and attach: becomes isobath-calibrate. Throws SpecError where that was not built.
int calibrate_elsewhere(const Call&);
int calibrate_show(const Call&, const Flags&, const std::vector<std::string>& names);

/// Tables of errors: rows that were fitted, rows held back, shapes left out.
std::string errors_text(const Calibration& calibration);

int calibrate_served(const Call&, const Flags&);
int calibrate_bench(const Call&, const Flags&);

/// import --trace, --nsys or --kernels: a recording by class of kernel; with --scenario, beside its plan.
bool imports_recording(const Flags&);
int calibrate_recording(const Call&, const Flags&);

/// import --comm NAME: a preset of scenarios/comm from the tables of --silicon.
int calibrate_comm(const Call&, const Flags&);
/// Whether `name` is a preset of scenarios/comm; then its scores are shown.
bool shows_comm(const Flags&, const std::string& name);
int calibrate_show_comm(const Call&, const Flags&, const std::string& name);

}  // namespace isobath::cli
