/// What a measurement is a measurement of: a kernel and the numbers that give its shape.
///
/// Profiler, kernel drivers and fits speak of shapes in these words alone; as JSON a point is one flat
/// object,
/// {"kernel": "gemm", "format": "fp8_block", "m": 64, "n": 7168, "k": 2048}.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/spec_reader.h"

namespace isobath {

enum class KernelKind : std::uint8_t {
    copy,          ///< device memory to device memory; `bytes` are read and as many written
    read,          ///< device memory is read and summed
    l2_read,       ///< the same from L2: the operand is read again and again
    launch,        ///< `kernels` empty kernels, one launch each
    graph_launch,  ///< `kernels` empty kernels in one graph
    gemm,          ///< C[m,n] = A[m,k] B[k,n]
    batched_gemm,  ///< `batch` of them, as MLA's absorbed projections
    grouped_gemm,  ///< one per expert; rows are uniform within `spread_percent` of `rows_per_expert`
    quantise,      ///< BF16 to E4M3 with one FP32 scale per 1x128
    rms_norm,
    rope,    ///< the 64 rotary dimensions of each head
    swiglu,  ///< `columns` outputs from twice as many inputs; format fp8_block: quantised on the way
    gate,    ///< sigmoid, bias, `topk_groups` of `groups`, `top_k` of `experts`
    permute,
    unpermute,    ///< rows to their experts' slots, and their weighted sum back
    mla_decode,   ///< absorbed, kv_lora_rank 512 and rope 64; format: layout of the cache
    mla_prefill,  ///< causal, 192 dimensions of q and k, 128 of v, per head
    all_reduce,
    all_gather,
    all_to_all  ///< `bytes` that one GPU contributes
};
inline constexpr int kKernelKindCount = 20;
inline constexpr int kMostAxes        = 6;

std::string_view name_of(KernelKind);
/// Names of a kind's axes, in the order of KernelPoint::values.
std::span<const std::string_view> axis_names(KernelKind);
/// Formats that a kind can be measured in; the first is meant where a point names none.
std::span<const std::string_view> formats_of(KernelKind);

struct KernelPoint {
    KernelKind kind    = KernelKind::copy;
    std::string format = "bf16";
    std::array<std::int64_t, kMostAxes> values{};  ///< unused ones are 0

    /// The value of an axis. Throws std::logic_error if the kind has no such axis.
    std::int64_t operator[](std::string_view axis) const;
    auto operator<=>(const KernelPoint&) const = default;
};

/// "gemm fp8_block m=64 n=7168 k=2048"
std::string to_string(const KernelPoint&);

/// The flat object; axes in their own order.
nlohmann::ordered_json to_json(const KernelPoint&);

/// Reads kernel, format and axes and leaves further keys to the caller. An axis must lie in 1..2^40
/// (spread_percent and contiguous: from 0). Throws SpecError.
KernelPoint read_kernel_point(SpecReader& in);

/// The text of an NVTX range: one JSON object and nothing else. Throws SpecError naming `shown`.
KernelPoint parse_kernel_point(std::string_view text, const std::string& shown);

/// A list of shapes to measure: {"schema": 1, "for": "what they belong to", "points": [{...}, ...]}. Points
/// given twice are kept once, in order. Throws SpecError.
std::vector<KernelPoint> read_shapes(const nlohmann::json& json, const std::string& file);
std::string shapes_json(std::span<const KernelPoint> points, const std::string& what_for);

}  // namespace isobath
