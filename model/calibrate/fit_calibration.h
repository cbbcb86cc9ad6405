/// A whole calibration from measured tables: the shipped file is exactly this function's output.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/gpu.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

/// Fits every family for which `tables` hold rows. Tables of one implementation are fitted together.
/// Rows that are held back are left out; judge_calibration() judges by them.
///
/// Families without measurements of their own that can borrow do so, marked assumed: GQA decode from
/// MLA decode. Throws SpecError if a fit has fewer rows than constants.
Calibration fit_calibration(const GpuSpec& gpu, std::span<const KernelTable> tables, const std::string& name);

/// The family of a calibration that serves a table's kernel; a name of no family where none does.
std::string family_of(const std::string& kernel);

/// How far `calibration` is from the rows of one table, with the table's own implementation if the
/// calibration has it and the default otherwise.
Residuals residuals_on(const Calibration& calibration, const GpuSpec& gpu, const KernelTable& table);

}  // namespace isobath
