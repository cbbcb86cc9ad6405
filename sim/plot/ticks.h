/// Where an axis has its ticks and what they are called.
#pragma once

#include <string>
#include <vector>

#include "sim/plot/figure.h"

namespace isobath::plot {

struct Tick {
    double at = 0;
    std::string label;  ///< lines, ended by \n; empty: a minor tick
};

struct Ticks {
    double low = 0, high = 1;  ///< what the axis spans, in the unit without prefix
    std::vector<Tick> ticks;   ///< ascending, all within low and high
    std::string unit;          ///< with the prefix that the labels assume: "ms"
};

/// What the ticks are chosen for.
struct TickWish {
    Scale scale = Scale::linear;
    double low = 0, high = 1;                    ///< of the data; low < high, positive on log axes
    bool widen_low = false, widen_high = false;  ///< may the axis end at the next tick outside?
    bool integral = false;                       ///< values count things; no tick between them
    int most      = 8;                           ///< labelled ticks, at least 2
    std::string unit;
};

/// The smallest of 1, 2, 2.5, 5 times a power of ten that divides `span` into fewer than `most` steps.
///
/// Source: after P. Heckbert, "Nice Numbers for Graph Labels", Graphics Gems (1990), with 2.5 added.
double nice_step(double span, int most);

Ticks choose_ticks(const TickWish&);

}  // namespace isobath::plot
