/// Rows that the profiler measured, as the tables that a calibration is fitted to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hw/calibration.h"
#include "hw/measurements.h"
#include "model/calibrate/kernel_table.h"

namespace isobath {

/// The name of the kernel that a calibration knows a measured shape by, and the shape as the model has it.
struct FittedKernel {
    std::string kernel;  ///< "gemm_bf16", "mla_decode", "streaming", ...
    Op op;
};

/// The model's kernel of a measured shape:
///
///   gemm            gemm_bf16, gemm_fp8 (fp8_block), gemm_fp8_tensor, gemm_fp4 (nvfp4)
///   batched_gemm    batched_gemm_bf16, batched_gemm_fp8 (either FP8 format)
///   grouped_gemm    grouped_contiguous or grouped_masked (fp8_block)
///   mla_decode      mla_decode, mla_decode_fp8;  mla_prefill: flash_prefill, flash_prefill_fp8
///   quantise, rms_norm, rope, swiglu, permute, unpermute      streaming, by the bytes that they must move
///
/// Nothing for a ceiling (copy, read, l2_read, launch, graph_launch), a collective, the gate (whose price is
/// a constant of its own) and formats that no family of a calibration has; `why` then tells.
std::optional<FittedKernel> fitted_kernel(const KernelPoint& point, std::string& why);

/// Rows that reach no fit, for one reason.
struct LeftOutRows {
    std::string what, reason;
    int rows = 0;
};

struct MeasuredTables {
    std::vector<KernelTable> tables;    ///< one per kernel and implementation, in order of their names
    std::vector<KernelTable> too_few;   ///< rows too few for a fit, which can still serve as points
    std::vector<LeftOutRows> left_out;  ///< those of too_few among them
};

/// The rows of `gpu`, a device's own preset name or the one that its name tells. Rows beside a held SM show
/// contention and are left out, as are tables with fewer rows than their fit has constants. One row in five
/// is held back, by the hash of its shape.
///
/// Throws SpecError if no device in `file` is this GPU.
MeasuredTables measured_tables(std::span<const Measurements> measured, const std::string& gpu,
                               const std::string& file);

/// Makes a library's kernel the default of every family whose default is one of our own ("isobath..."): what
/// is served runs the library's. Of several the one with the most rows.
void prefer_libraries(Calibration& calibration);

}  // namespace isobath
