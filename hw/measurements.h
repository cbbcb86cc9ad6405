/// Kernel times measured on one machine, with their circumstances: what the profiler writes and fits read.
///
/// The file is JSON Lines, appended to as rows are measured, so that a run killed at any byte loses at most
/// the row in hand. A line is one of
///   {"device": {...}}                         what the lines after it were measured on, and with what
///   {"kernel": ..., "time_us": ..., ...}      a measured row: a KernelPoint and its time
///   {"kernel": ..., "skipped": "reason", ...} a row that could not be had here
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hw/kernel_point.h"
#include "hw/units.h"

namespace isobath {

struct MeasuredDevice {
    std::string name;          ///< "NVIDIA H100 80GB HBM3", as the driver says
    std::string gpu;           ///< preset that it is taken for, "h100"; empty: none
    std::string driver, cuda;  ///< versions
    std::string date;          ///< "2026-11-22"
    int sm_count = 0, sm_clock_mhz = 0, memory_clock_mhz = 0;  ///< clocks: the highest allowed
    double power_limit_watts = 0;
    Bytes memory, l2;
    std::map<std::string, std::string> libraries;  ///< "cublaslt" -> "13.0.2"
    bool operator==(const MeasuredDevice&) const = default;
};

/// Why sampling ended.
enum class Stopped : std::uint8_t { noise, samples, wall_time };
std::string_view name_of(Stopped);

struct MeasuredRow {
    KernelPoint point;
    std::string implementation;  ///< library and version, or "isobath"
    Seconds time;                ///< median of the samples
    double spread   = 0;         ///< interquartile range over the median
    int samples     = 0;
    int discarded   = 0;  ///< samples thrown away because the GPU had lowered its clock
    Stopped stopped = Stopped::noise;
    int held_sms    = 0;               ///< SMs that a copying kernel held meanwhile
    int clock_mhz   = 0;               ///< median SM clock while sampling; 0: not read
    Bytes dram;                        ///< moved to and from device memory, counted; 0: not counted
    std::string clock = "events";      ///< "cupti": activity records; "events": CUDA events
    std::vector<std::string> kernels;  ///< what ran, in order
    double error = -1;                 ///< against a float64 reference, relative rms; -1: not compared
    bool operator==(const MeasuredRow&) const = default;
};

struct SkippedRow {
    KernelPoint point;
    std::string implementation, reason;
    int held_sms                             = 0;
    bool operator==(const SkippedRow&) const = default;
};

/// What one device measured.
struct Measurements {
    MeasuredDevice device;
    std::vector<MeasuredRow> rows;
    std::vector<SkippedRow> skipped;
};

std::string to_line(const MeasuredDevice&);
std::string to_line(const MeasuredRow&);
std::string to_line(const SkippedRow&);

/// Reads such lines; a new device line opens new Measurements. A last line without its end was cut off while
/// being written and is left out. Throws SpecError "FILE:LINE: /key: what".
std::vector<Measurements> read_measurements(std::string_view text, const std::string& file);
std::vector<Measurements> read_measurements(const std::filesystem::path& file);

}  // namespace isobath
