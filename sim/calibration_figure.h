/// Pictures of a calibration: what its fits say of rows that they have not seen, against what was measured.
#pragma once

#include <string>
#include <vector>

#include "hw/calibration.h"
#include "sim/plot/figure.h"

namespace isobath {

/// Fitted time over measured time, both logarithmic, with the diagonal and a band of 15 % to either side.
plot::Figure unseen_figure(const std::string& title, const UnseenScores& scores);

/// One for every implementation whose held-back rows are kept in the calibration; none for h800.
std::vector<plot::Figure> unseen_figures(const Calibration& calibration);

}  // namespace isobath
