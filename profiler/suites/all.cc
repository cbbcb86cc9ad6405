#include <algorithm>

#include "profiler/suites/suites.h"

namespace isobath {

bool serves(const Bench& bench, const KernelPoint& point) {
    return std::find(bench.kinds.begin(), bench.kinds.end(), point.kind) != bench.kinds.end();
}

std::vector<Bench> all_benches(Device& device) {
    std::vector<Bench> out;
    add_memory_benches(out, device);
    add_launch_benches(out);
    add_cublaslt_benches(out, device);
    add_rowwise_benches(out);
    add_expert_benches(out);
    add_grouped_benches(out, device);
    add_decode_benches(out, device);
    add_prefill_benches(out, device);
    add_nccl_benches(out, device);
    return out;
}

}  // namespace isobath
