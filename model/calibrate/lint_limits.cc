#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/calibrate/lint_rules.h"
#include "model/calibrate/silicon_kernels.h"

namespace isobath::lint {
namespace {

/// A narrow format has half of the bytes and twice the peak. Young kernels lose that again, and some more.
constexpr double kNarrowLoses = 2;

constexpr double kClock =
    1.05;  ///< a boost clock may lie this far above the one that data sheets reckon with

/// The least that a kernel can take: its arithmetic, and its traffic but for what the L2 can hold already.
Seconds limit_of(const Op& op, const GpuSpec& gpu) {
    const Work work          = work_of(op);
    const auto* mla          = std::get_if<MlaDecode>(&op);
    const bool fp8           = mla && mla->cache != KvLayout::bf16 && gpu.supports(Math::fp8);
    const Math math          = fp8 ? Math::fp8 : work.math;  // a kernel may multiply in the cache's format
    const Bytes cold         = std::max(Bytes{}, work.bytes - gpu.l2);
    const Seconds arithmetic = gpu.supports(math) ? work.flop / gpu.peak(math) : Seconds{};
    return std::max(arithmetic, cold / gpu.hbm_bandwidth);
}

/// The hottest rank computes at least the mean: gate, up and down of every token's experts.
Seconds experts_limit(const SiliconRow& row, const GpuSpec& gpu) {
    const double rows = row.number("num_tokens") * row.number("topk") / row.number("moe_ep_size");
    const double each = 6 * row.number("hidden_size") * row.number("inter_size") / row.number("moe_tp_size");
    const bool fp4    = row.text("moe_dtype") == "nvfp4";
    const Math math   = fp4 ? Math::fp4 : row.text("moe_dtype") == "bfloat16" ? Math::bf16 : Math::fp8;
    return gpu.supports(math) ? rows * each * unit::FLOP / gpu.peak(math) : Seconds{};
}

/// All but one part in num_gpus of the message must come from elsewhere.
Seconds collective_limit(const SiliconRow& row, const GpuSpec& gpu, const char* format) {
    const double gpus = row.number("num_gpus"), bytes = row.text(format) == "int8" ? 1 : 2;
    return bytes * row.number("message_size") * (gpus - 1) / gpus * unit::B / gpu.nvlink;
}

Seconds limit_of(const SiliconTable& table, const SiliconRow& row, const GpuSpec& gpu) {
    if (table.family == "nccl") return collective_limit(row, gpu, "nccl_dtype");
    if (table.family == "all_reduce") return collective_limit(row, gpu, "allreduce_dtype");
    if (table.family.starts_with("moe")) return experts_limit(row, gpu);
    const auto kernel = kernel_of(table, row);
    return kernel ? limit_of(kernel->sample.op, gpu) : Seconds{};
}

/// Column and order of formats, the widest first; a family without is not compared.
constexpr std::string_view kFormats[] = {"gemm_dtype", "bmm_dtype", "kv_cache_dtype", "moe_dtype"};

int width_of(std::string_view format) {
    return format == "nvfp4" ? 4 : format.starts_with("fp8") || format == "int8" ? 8 : 16;
}

std::string_view format_column(const SiliconTable& table) {
    if (table.family == "alltoall") return "";  // there the format only sets the bytes
    for (const std::string_view column : kFormats)
        if (table.rows.front().fields.count(column)) return column;
    return "";
}

/// Numbers that a kernel in a narrow format must be given narrow first.
double activations_of(const SiliconTable& table, const SiliconRow& row) {
    const auto kernel = kernel_of(table, row);
    if (!kernel)
        return row.fields.count("hidden_size") ? row.number("num_tokens") * row.number("hidden_size") : 0;
    const Op& op = kernel->sample.op;
    if (std::holds_alternative<FusedMoe>(op) || std::holds_alternative<GroupedGemm>(op))
        return row.number("num_tokens") * row.number("hidden_size");
    if (const auto* g = std::get_if<Gemm>(&op)) return g->m * g->k;
    if (const auto* g = std::get_if<BatchedGemm>(&op)) return g->batch * g->m * g->k;
    if (const auto* a = std::get_if<FlashPrefill>(&op))
        return a->sequences * a->q_len * a->heads * (2 * a->qk_head_dim + a->v_head_dim);
    return 0;
}

/// Quantising apart from the product, as libraries do at first: three launches of 5 us (largest value,
/// scales, conversion), each a pass over BF16 at half of the bandwidth.
Seconds quantising(double activations, const GpuSpec& gpu) {
    return 3 * 5 * unit::us + 3 * 2 * activations * unit::B / (0.5 * gpu.hbm_bandwidth);
}

}  // namespace

void roofline(const SiliconTable& table, const GpuSpec& gpu, Findings& out) {
    for (const SiliconRow& row : table.rows) {
        const Seconds limit = limit_of(table, row, gpu);
        if (kClock * row.time < limit)
            report(out, table, row, "roofline",
                   fmt::format("{}; {} needs {} at least", to_string(row.time), gpu.title, to_string(limit)));
    }
}

void wider_faster(const SiliconTable& table, const GpuSpec& gpu, Findings& out) {
    const std::string_view column = format_column(table);
    if (column.empty()) return;
    const std::string_view skipped[] = {column, "kernel_source"};
    std::map<std::string, std::vector<const SiliconRow*>> groups;
    for (const SiliconRow& row : table.rows) groups[fields_but(row, skipped)].push_back(&row);
    for (const SiliconRow& row : table.rows)
        for (const SiliconRow* wide : groups[fields_but(row, skipped)]) {
            if (width_of(row.text(column)) >= width_of(wide->text(column))) continue;
            if (row.time < kNarrowLoses * wide->time + quantising(activations_of(table, row), gpu)) continue;
            report(out, table, row, "wider-faster",
                   fmt::format("{}; {} takes {}", to_string(row.time), wide->text(column),
                               to_string(wide->time)));
            break;
        }
}

}  // namespace isobath::lint
