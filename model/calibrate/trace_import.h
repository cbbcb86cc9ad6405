/// Recordings out of Chrome traces, as PyTorch's profiler and others write them.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>

#include "hw/recorded_kernels.h"
#include "model/calibrate/trace_events.h"

namespace isobath {

/// Kernels, copies and memsets of a trace. Where it holds operations with their "Input Dims" (record_shapes),
/// matrix products become ranges that name their shapes: an operation's time is that of its kernels, which
/// carry its "External id"; memory grows with such operations and different launches alone. Events without a
/// time, or with one below 0, are left out and counted as dropped.
RecordedKernels read_trace(std::istream& in, const std::string& file);
RecordedKernels read_trace(const std::filesystem::path& file);

/// The shape of a matrix product: aten::mm, aten::addmm, aten::bmm in BF16, and aten::_scaled_mm with one
/// scale a tensor or 1x128 scales. Nothing for other operations, formats and shapes.
std::optional<RangePoint> product_of(const TraceEvent& operation);

}  // namespace isobath
