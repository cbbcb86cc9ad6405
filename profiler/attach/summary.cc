#include "profiler/attach/summary.h"

#include <algorithm>
#include <cstdio>

#include "hw/text.h"

namespace isobath::attach {
namespace {

std::string percent(Seconds part, Seconds whole) {
    char text[16];
    std::snprintf(text, sizeof text, "%5.1f %%", whole > Seconds{} ? 100 * (part / whole) : 0.0);
    return text;
}

}  // namespace

std::string summary(const RecordedKernels& recorded, std::size_t kernels) {
    const RecordingCost& cost = recorded.cost;
    std::string out = std::to_string(cost.records) + " kernels, " + to_string(recorded.total()) + " on " +
                      recorded.device.name + ", " + std::to_string(recorded.processes) + " process" +
                      (recorded.processes == 1 ? "" : "es") + ", " + std::to_string(recorded.kernels.size()) +
                      " different launches";
    if (cost.dropped > 0) out += "; " + std::to_string(cost.dropped) + " records were dropped";
    out += "\n" + std::to_string(recorded.ranges.size()) + " shapes in " + std::to_string(cost.ranges) +
           " ranges";
    if (cost.empty_ranges > 0) out += ", " + std::to_string(cost.empty_ranges) + " without a kernel";
    if (cost.unreadable_ranges > 0)
        out += ", " + std::to_string(cost.unreadable_ranges) + " that name no shape";
    out += "\nrecording took " + to_string(cost.host) + " of the program's threads at ranges and " +
           to_string(cost.worker) + " of its own, at most " + to_string(cost.memory_bound) + "\n";
    for (std::size_t i = 0; i < std::min(kernels, recorded.kernels.size()); ++i) {
        const RecordedKernel& kernel = recorded.kernels[i];
        out += "  " + percent(kernel.times.total, recorded.total()) + "  " +
               std::to_string(kernel.times.count()) + " x " + to_string(kernel.times.histogram.median()) +
               "  " + clipped(kernel.launch.name, 70) + "\n";
    }
    return out;
}

}  // namespace isobath::attach
