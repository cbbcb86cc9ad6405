/// Rules of physics and bookkeeping that measured rows must keep; what breaks one is left out, by rule.
///
///   roofline      faster than the arithmetic, or than the traffic that the L2 cannot hold, at data-sheet
///   rates falls         takes more than 1.5 times as long as a larger problem: the measurement was disturbed
///   wider-faster  a narrower format takes more than 1.5 times as long as a wider one and what quantising
///   costs given-twice   the same row again other-device  the row says that another GPU was measured than its
///   file same-numbers  the very times of another GPU's table: at most one of the two was measured
///   host-bound    of kernels launched one by one (moe_context), less than 1.5 times the table's least time:
///                 the row times the CPU that launches them
///   draws-differ  random routings of nearly the same skew (alpha 1.01 and 1.02) differ by more than 1.5
///   times:
///                 the row is fine, but a matter of luck; it is listed and stays
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hw/gpu.h"
#include "model/calibrate/silicon.h"

namespace isobath {

/// One row that breaks a rule.
struct LintFinding {
    std::string rule;
    std::string gpu, file, family;
    int line = 0;
    std::string key, what;  ///< "160.9 us; m = 2048 takes 101.3 us"
    bool left_out = true;
};

/// Below this factor a difference is ordinary noise: 17 of the 16,011 public times lie beyond it.
constexpr double kDisturbed = 1.5;

/// Checks tables of any number of GPUs; `spec_of(name)` gives a GPU's data sheet. Sorted by file and line.
std::vector<LintFinding> lint_silicon(std::span<const SiliconTable> tables,
                                      const std::function<GpuSpec(const std::string&)>& spec_of);

/// The tables without the rows that findings leave out; tables that lose every row are left out too.
std::vector<SiliconTable> without_flagged(std::span<const SiliconTable> tables,
                                          std::span<const LintFinding> findings);

}  // namespace isobath
