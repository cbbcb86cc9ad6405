/// Chrome traces (PyTorch's profiler writes them) read event by event: a trace of a gigabyte takes no more
/// memory than a small one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace isobath {

/// What is kept of one event; numbers that it does not have are 0 or -1.
struct TraceEvent {
    std::string phase, category, name;
    double start_us = 0, duration_us = -1;
    std::array<int, 3> grid{}, block{};
    int stream               = 0;
    std::int64_t external_id = -1;
    std::int64_t graph_node  = 0;
    std::vector<std::vector<std::int64_t>> input_dims;
    std::vector<std::string> input_types;
};

/// Calls `take` with every event of {"traceEvents": [...]} or of a bare [...].
///
/// Throws SpecError "FILE: byte N: what" on JSON that cannot be read, NaN and Infinity included.
void read_trace_events(std::istream& in, const std::string& file,
                       const std::function<void(TraceEvent&)>& take);

}  // namespace isobath
