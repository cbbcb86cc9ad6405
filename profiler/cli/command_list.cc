#include <iostream>
#include <map>

#include "profiler/cli/commands.h"
#include "profiler/cli/wanted.h"
#include "profiler/gpu/cupti.h"
#include "profiler/standard_shapes.h"

namespace isobath {
namespace {

/// "gemm fp8_block by cublasLt 13.1.0" and why its rows cannot be measured; empty: they can.
using Line = std::pair<std::string, std::string>;

Line line_of(const RowToMeasure& row, const std::vector<Bench>& benches, const Device& device) {
    const KernelPoint& point = row.wanted.point;
    return {std::string(name_of(point.kind)) + " " + point.format + " by " + row.implementation,
            why_not(row, benches, device)};
}

void print(const Suite& suite, const std::vector<Bench>& benches, const Device& device) {
    std::map<Line, int> counts;
    for (const RowToMeasure& row : rows_for(suite.points, benches)) ++counts[line_of(row, benches, device)];
    std::cout << suite.name << ": " << suite.title << "\n";
    for (const auto& [line, count] : counts)
        std::cout << "  " << line.first << ": " << count << (count == 1 ? " row" : " rows")
                  << (line.second.empty() ? "" : " not here: " + line.second) << "\n";
}

void print(const MeasuredDevice& device) {
    std::cout << device.name << (device.gpu.empty() ? ", no preset" : ", preset " + device.gpu) << ", driver "
              << device.driver << ", CUDA " << device.cuda << ", " << device.sm_count << " SMs at up to "
              << device.sm_clock_mhz << " MHz, " << to_string(device.memory) << ", "
              << device.power_limit_watts << " W\n";
    for (const auto& [name, version] : device.libraries) std::cout << name << " " << version << "\n";
    std::cout << (cupti_library() ? "cupti " + KernelTrace::version()
                                  : "times come from events: " + cupti_library().why_not())
              << "\n\n";
}

}  // namespace

int command_list(const Words& words) {
    if (!words.empty()) {
        std::cout << "Usage: isobath-calibrate list\n\nPrints this machine's GPU, the suites, how many rows "
                     "each has "
                     "by which implementation, and why some\ncannot be measured here.\n\nExample:\n  "
                     "isobath-calibrate "
                     "list\n";
        return words[0] == "--help" ? 0 : 2;
    }
    if (const std::string reason = no_gpu_reason(); !reason.empty())
        return std::cerr << "isobath-calibrate: nothing can be measured: " << reason << "\n", 2;
    Device device      = open_device(0);
    const auto benches = all_benches(device);
    print(device.described);
    for (const Suite& suite : standard_shapes({device.described.memory, device.major >= 10}))
        print(suite, benches, device);
    return 0;
}

}  // namespace isobath
