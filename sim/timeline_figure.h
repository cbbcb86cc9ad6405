/// Pictures of a run: what each stream does over two layers of the steady state, and what a layer is made of.
#pragma once

#include "sim/plot/figure.h"
#include "sim/run_result.h"

namespace isobath {

/// Two layers in the steady state, kernel by kernel, from the start of one layer's first kernel. Rows that
/// nothing runs in are left out; without experts there is no timeline, and the picture is empty.
plot::Figure timeline_figure(const RunResult& result);

/// One layer's time by part; the title carries its total with the interval.
plot::Figure layer_parts_figure(const RunResult& result);

}  // namespace isobath
