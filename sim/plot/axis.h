/// One axis on a known stretch of pixels: its ticks, as many as fit, with labels that do not touch.
#pragma once

#include "sim/plot/frame.h"

namespace isobath::plot {

/// `from` is the pixel of the low end. Category labels are cut to `label_room` pixels.
AxisFrame make_axis(const Figure&, bool vertical, double from, double to, double label_room);

/// The colour bar's axis, upward over the plot's height.
AxisFrame make_colour_axis(const HeatMap&, double from, double to);

double widest_label(const Ticks&);

/// Pixels that the labels of a horizontal axis take below the plot.
double label_depth(const AxisFrame& x);

}  // namespace isobath::plot
