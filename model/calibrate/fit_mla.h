/// Fits latent attention to tables that are wide enough to show how a library cuts its work.
#pragma once

#include "model/calibrate/fit_kernels.h"

namespace isobath {

/// Fewer rows are not fitted with the constants below.
inline constexpr std::size_t kWideTable = 40;

/// Whether rows tell how work is cut: wide, and over more than one number of heads. Others are fitted with
/// work alone (fit_kernels.h).
bool shows_cuts(const Samples& samples);

/// Decode attention over heads, batches and contexts: both schedules are fitted, the closer one is kept.
///
/// The interval's factor comes from shapes that were left out in turn (judge.h's sites, five folds): rows of
/// one shape err together, so a fit's own residuals are too sure of new shapes.
FamilyFit<OverlapConstants> fit_split_decode(const GpuSpec& gpu, const Samples& samples, KvLayout cache);

/// Prompts over heads, batches and lengths; intervals as above.
FamilyFit<OverlapConstants> fit_prompts(const GpuSpec& gpu, const Samples& samples, Format format);

}  // namespace isobath
