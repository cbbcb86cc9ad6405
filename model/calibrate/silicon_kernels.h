/// Silicon rows as kernels that the model knows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/calibrate/kernel_table.h"
#include "model/calibrate/silicon.h"

namespace isobath {

/// A kernel's name ("gemm_bf16") and one row of it.
struct NamedSample {
    std::string kernel;
    KernelSample sample;
};

/// One row as a kernel, or nothing where its family has none of those below.
std::optional<NamedSample> kernel_of(const SiliconTable& table, const SiliconRow& row);

/// The rows of the families gemm, mla_bmm, mla_decode, mla_context, moe, moe_context and moe_generation, one
/// table per kernel and implementation:
///
///   gemm_bf16, gemm_fp8 (block-scaled), gemm_fp8_tensor (one scale per tensor), gemm_fp4 (NVFP4)
///   batched_gemm_bf16, batched_gemm_fp8     W_UK and W_UV of num_heads heads: 128 x 512 and 512 x 128
///   mla_decode, mla_decode_fp8         by the cache's format; context = isl + step
///   flash_prefill, flash_prefill_fp8   by the cache's format; kv_len = isl + step, heads of 192 and 128
///   fused_moe_fp8, fused_moe_fp4       by moe_dtype (silicon_moe.h)
///   experts_masked, experts_contiguous products of a rank's experts with the small kernels around them
///
/// Other families have no kernel of their own here and are left out. Throws SpecError on an unknown format.
std::vector<KernelTable> kernel_tables(std::span<const SiliconTable> tables);

}  // namespace isobath
