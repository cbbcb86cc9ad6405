#include "profiler/activity.h"

#include <algorithm>
#include <span>

namespace isobath {
namespace {

bool is(const KernelActivity& kernel, const std::string& part) {
    return !part.empty() && kernel.name.find(part) != std::string::npos;
}

SampleActivity summed(std::span<const KernelActivity> kernels) {
    SampleActivity out;
    std::uint64_t last = 0;
    for (const KernelActivity& kernel : kernels) {
        if (kernel.end_ns < kernel.start_ns) return {};
        last = std::max(last, kernel.end_ns);
        out.busy += double(kernel.end_ns - kernel.start_ns) * unit::ns;
        out.kernels.push_back(kernel.name);
    }
    if (!kernels.empty()) out.span = double(last - kernels.front().start_ns) * unit::ns;
    return out;
}

}  // namespace

std::vector<SampleActivity> by_sample(std::vector<KernelActivity> records, const Fence& fence) {
    std::erase_if(records, [&](const KernelActivity& each) { return is(each, fence.beside); });
    std::stable_sort(records.begin(), records.end(),
                     [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
    std::vector<SampleActivity> out;
    std::size_t first = records.size();
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (is(records[i], fence.opens)) first = i + 1;
        if (!is(records[i], fence.closes) || first > i) continue;
        out.push_back(summed(std::span(records).subspan(first, i - first)));
        first = records.size();
    }
    return out;
}

}  // namespace isobath
