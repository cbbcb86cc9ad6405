/// Judges a whole calibration by what its fits have not seen, with the predictions that a scenario gets.
#pragma once

#include <span>
#include <string>

#include "hw/calibration.h"
#include "hw/estimate.h"
#include "hw/gpu.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

/// What is left out together when a form is asked for shapes that it has not seen: "16384x7168" of a GEMM,
/// heads and context of an attention kernel. Sizes that a form should carry by itself (rows) are no part.
std::string site_of(const Op& op);

/// How many constants were fitted: those with an interval. The others were known or taken over.
int fitted_constants(const OverlapConstants& constants);

/// Fills `unseen` of every implementation whose tables hold rows back; others stay as they are.
///
/// Sites are left out in turn (`folds` groups), the implementation's tables fitted again by fit_calibration()
/// and the left-out rows predicted by CalibratedTime, so any family that those two know is judged.
void judge_calibration(Calibration& calibration, const GpuSpec& gpu, std::span<const KernelTable> tables,
                       int folds = 5);

/// A kernel as the benchmark ran it that `implementation` of `family` was fitted to: with a warm L2, and a
/// product quantised on the way. A benchmark's rows are to be compared with this, a scenario's kernels with
/// CalibratedTime. On another GPU than the calibration's the shares are carried over: see Estimate::source.
Estimate as_benchmarked(const Calibration& calibration, const GpuSpec& gpu, const std::string& family,
                        const std::string& implementation, const Op& op);

}  // namespace isobath
