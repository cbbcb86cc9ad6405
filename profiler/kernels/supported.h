/// Which GPUs can run the kernels that keep large tiles in shared memory.
#pragma once

namespace isobath::kernels {

/// Whether a block may have 163 KiB of shared memory or more. `sm`: compute capability times ten, 90 for
/// sm_90. Source: CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability": 163
/// KiB on 8.0 and 8.7, 99 KiB on 8.6, 8.9 and 12.x, 227 KiB on 9.0, 10.0 and 10.3.
inline bool has_large_shared_memory(int sm) {
    return sm == 80 || sm == 87 || sm == 90 || sm == 100 || sm == 103;
}

}  // namespace isobath::kernels
