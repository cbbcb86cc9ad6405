/// Lines that a long run says about itself, and the short table at its end.
#pragma once

#include <span>
#include <string>

#include "hw/measurements.h"

namespace isobath {

/// "120/840 rows, 1.4 rows/s, 8 min left: gemm bf16 m=64 n=7168 k=2048"; no rate before the first row is
/// done.
std::string progress_line(int done, int all, Seconds spent, const std::string& now);

/// What a measured row says on one line: "gemm bf16 m=... | cublasLt 13.0.2 | 12.3 us +-0.4 % | 789 TFLOP/s".
std::string row_line(const MeasuredRow& row);

/// How many rows there are of each kernel and implementation and the best rate among them, and why rows were
/// skipped; one line each.
std::string summary_of(std::span<const Measurements> file);

}  // namespace isobath
