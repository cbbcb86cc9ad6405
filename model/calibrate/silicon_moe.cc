#include "model/calibrate/silicon_moe.h"

#include <algorithm>
#include <cmath>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/streaming.h"

namespace isobath {
namespace {

constexpr int kDraws = 16;

Format format_of(const SiliconTable& table, const SiliconRow& row) {
    const std::string& type = row.text("moe_dtype");
    if (type == "fp8_block") return Format::fp8_block;
    if (type == "nvfp4") return Format::nvfp4;
    fail_at(table.file, std::to_string(row.line) + ": moe_dtype",
            "\"" + clipped(type) + "\"; allowed: fp8_block, nvfp4");
}

LoadSummary load_of(const SiliconRow& row) {
    return summary_of(loads_of(traffic_of(row), kDraws));
}

/// Both products; rows vary no more than a normal around their mean can.
std::pair<GroupedGemm, GroupedGemm> products_of(const SiliconRow& row, const LoadSummary& load,
                                                GroupedLayout layout, Format format) {
    const int experts = std::max(1, int(std::lround(load.active)));
    const double mean = load.rows / experts, variance = std::min(load.variance, mean * mean);
    const int hidden = row.whole("hidden_size"), inter = row.whole("inter_size") / row.whole("moe_tp_size");
    return {{load.rows, experts, variance, 2 * inter, hidden, format, layout},
            {load.rows, experts, variance, hidden, inter, format, layout}};
}

}  // namespace

MoeTraffic traffic_of(const SiliconRow& row) {
    return {row.whole("num_tokens"),  row.whole("num_experts"),
            row.whole("topk"),        row.whole("moe_ep_size"),
            row.text("distribution"), row.text("kernel_source").find("min_latency") != std::string::npos};
}

FusedMoe fused_moe_of(const SiliconTable& table, const SiliconRow& row) {
    const LoadSummary load = load_of(row);
    return {row.number("num_tokens"),
            load.rows,
            load.active,
            row.whole("num_experts") / row.whole("moe_ep_size"),
            row.whole("hidden_size"),
            row.whole("inter_size") / row.whole("moe_tp_size"),
            format_of(table, row)};
}

std::vector<Op> expert_kernels_of(const SiliconTable& table, const SiliconRow& row) {
    const Format format   = format_of(table, row);
    const bool contiguous = table.family == "moe_context";
    LoadSummary load      = load_of(row);
    if (contiguous && row.text("distribution") == "uniform")
        load.active = std::min(load.active, std::ceil(load.rows / 128));
    const auto [up, down] =
        products_of(row, load, contiguous ? GroupedLayout::contiguous : GroupedLayout::masked, format);
    const Streaming act = streaming(load.rows, swiglu_bytes(down.k, format));
    if (!contiguous) return {up, act, down};
    const double copies = load.rows + row.number("num_tokens"), hidden = up.k;
    return {up, act, down, Streaming{copies * hidden * activation_bytes(format) * unit::B},
            Streaming{2 * copies * hidden * unit::B}};
}

}  // namespace isobath
