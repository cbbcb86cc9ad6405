/// Kernels that other programs ran, as they were recorded there: what attaching writes and importers read.
///
/// A file NAME.kernels.json ("schema": 1) holds one recording: the device, the program, what recording cost,
/// kernels summed up by name, launch and range, and ranges whose text names a shape. Times are kept on a
/// logarithmic scale, so recordings of several processes merge without loss and medians are within 0.55 %.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hw/log_histogram.h"
#include "hw/measurements.h"

namespace isobath {

/// What a range of a program says that it runs: a shape and whose kernel serves it.
struct RangePoint {
    KernelPoint point;
    std::string implementation;
    auto operator<=>(const RangePoint&) const = default;
};

/// The text of a range: a KernelPoint as JSON with, if it likes, "implementation": "flash_mla-1.0". Nothing
/// where the text is anything else. `domain` (of NVTX) is the implementation of ranges that name none.
std::optional<RangePoint> parse_range(std::string_view text, std::string_view domain = "");

/// How many, how long.
struct RecordedTimes {
    LogHistogram histogram;
    Seconds total, least, most;

    void add(Seconds time);
    void add(const RecordedTimes& other);
    std::uint64_t count() const { return histogram.count(); }
    bool operator==(const RecordedTimes&) const = default;
};

/// What makes two launches the same.
struct LaunchKey {
    std::string name;  ///< demangled where it could be
    std::array<int, 3> grid{}, block{};
    int stream = 0;
    bool graph = false;               ///< a node of a CUDA graph
    std::optional<RangePoint> range;  ///< the innermost around the launch whose text names a shape
    auto operator<=>(const LaunchKey&) const = default;
};

struct RecordedKernel {
    LaunchKey launch;
    RecordedTimes times;
    bool operator==(const RecordedKernel&) const = default;
};

/// One shape's ranges. A range's time is the sum of the times of the kernels launched in it: no gaps between
/// them, and kernels that ran beside each other count each for itself.
struct RecordedRange {
    RangePoint what;
    RecordedTimes times;
    std::vector<std::string> kernels;  ///< what ran in the first of them, in order
    bool operator==(const RecordedRange&) const = default;
};

/// What recording took, and what of the program it missed.
struct RecordingCost {
    std::uint64_t records = 0, dropped = 0;           ///< kernels
    std::uint64_t ranges = 0, unreadable_ranges = 0;  ///< ranges that begin with "{" and name no shape
    std::uint64_t empty_ranges = 0;                   ///< that launched no kernel
    Bytes memory_bound;                               ///< of all buffers and tables together
    Seconds host;                                     ///< on the program's own threads, at the ends of ranges
    Seconds worker;                                   ///< on the recording thread
    bool operator==(const RecordingCost&) const = default;
};

struct RecordedKernels {
    MeasuredDevice device;
    std::string program;
    int processes = 1;
    double steps  = 0;  ///< of the model that the recording holds, in each process; 0: not known
    RecordingCost cost;
    std::vector<RecordedKernel> kernels;  ///< most total time first
    std::vector<RecordedRange> ranges;    ///< in their order

    Seconds total() const;
};

/// Adds another process's recording: equal launches and ranges are summed, the device stays the first one's.
void merge(RecordedKernels& into, const RecordedKernels& from);
/// Puts kernels and ranges into their order.
void sort_recorded(RecordedKernels& recorded);

std::string to_text(const RecordedKernels& recorded);
/// Throws SpecError naming `file`.
RecordedKernels read_recorded_kernels(const nlohmann::json& json, const std::string& file);
RecordedKernels read_recorded_kernels(const std::filesystem::path& file);

/// The ranges as measured rows: median over a shape's ranges, clock "cupti".
Measurements measured_ranges(const RecordedKernels& recorded);

}  // namespace isobath
