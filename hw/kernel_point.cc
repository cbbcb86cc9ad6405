#include "hw/kernel_point.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hw/text.h"

namespace isobath {
namespace {

using Words = std::vector<std::string_view>;

struct Kind {
    std::string_view name;
    Words axes, formats{"bf16"};
};

/// In the order of KernelKind.
const std::array<Kind, kKernelKindCount>& kinds() {
    static const Words bytes{"bytes"}, collective{"gpus", "bytes"},
        products{"bf16", "fp8_tensor", "fp8_block", "mxfp8", "nvfp4"},
        moved{"rows", "columns", "experts", "top_k"};
    static const std::array<Kind, kKernelKindCount> table{{
        {"copy", bytes},
        {"read", bytes},
        {"l2_read", bytes},
        {"launch", {"kernels"}},
        {"graph_launch", {"kernels"}},
        {"gemm", {"m", "n", "k"}, products},
        {"batched_gemm", {"batch", "m", "n", "k"}, {"bf16", "fp8_tensor", "fp8_block"}},
        {"grouped_gemm",
         {"experts", "rows_per_expert", "spread_percent", "n", "k", "contiguous"},
         {"fp8_block", "bf16"}},
        {"quantise", {"rows", "columns"}, {"fp8_block"}},
        {"rms_norm", {"rows", "columns"}},
        {"rope", {"rows", "heads"}},
        {"swiglu", {"rows", "columns"}, {"bf16", "fp8_block"}},
        {"gate", {"rows", "experts", "groups", "topk_groups", "top_k"}},
        {"permute", moved, {"fp8_block", "bf16"}},
        {"unpermute", moved},
        {"mla_decode", {"batch", "s_q", "context", "heads"}, {"bf16", "fp8", "fp8_flashmla"}},
        {"mla_prefill", {"sequences", "q_len", "kv_len", "heads"}, {"bf16", "fp8_tensor"}},
        {"all_reduce", collective},
        {"all_gather", collective},
        {"all_to_all", collective},
    }};
    return table;
}

const Kind& of(KernelKind kind) {
    return kinds()[static_cast<std::size_t>(kind)];
}

std::vector<std::string_view> kind_names() {
    std::vector<std::string_view> names;
    for (const Kind& kind : kinds()) names.push_back(kind.name);
    return names;
}

bool may_be_zero(std::string_view axis) {
    return axis == "spread_percent" || axis == "contiguous";
}

std::int64_t read_axis(SpecReader& in, std::string_view axis) {
    const double most  = axis == "contiguous" ? 1 : double(std::int64_t{1} << 40);
    const double value = in.number(std::string(axis), may_be_zero(axis) ? 0 : 1, most);
    if (value != static_cast<double>(static_cast<std::int64_t>(value)))
        in.fail(std::string(axis), "expected a whole number");
    return static_cast<std::int64_t>(value);
}

std::string read_format(SpecReader& in, const Kind& kind) {
    if (!in.has("format")) return std::string(kind.formats.front());
    return std::string(kind.formats[in.choice("format", kind.formats)]);
}

}  // namespace

std::string_view name_of(KernelKind kind) {
    return of(kind).name;
}

std::span<const std::string_view> axis_names(KernelKind kind) {
    return of(kind).axes;
}

std::span<const std::string_view> formats_of(KernelKind kind) {
    return of(kind).formats;
}

std::int64_t KernelPoint::operator[](std::string_view axis) const {
    const auto axes = axis_names(kind);
    const auto at   = std::find(axes.begin(), axes.end(), axis);
    if (at == axes.end())
        throw std::logic_error(std::string(name_of(kind)) + " has no axis " + std::string(axis));
    return values[static_cast<std::size_t>(at - axes.begin())];
}

std::string to_string(const KernelPoint& point) {
    std::string out = std::string(name_of(point.kind)) + " " + point.format;
    for (const auto axis : axis_names(point.kind))
        out.append(" ").append(axis).append("=").append(std::to_string(point[axis]));
    return out;
}

nlohmann::ordered_json to_json(const KernelPoint& point) {
    nlohmann::ordered_json out{{"kernel", name_of(point.kind)}, {"format", point.format}};
    for (const auto axis : axis_names(point.kind)) out[std::string(axis)] = point[axis];
    return out;
}

KernelPoint read_kernel_point(SpecReader& in) {
    const auto names = kind_names();
    KernelPoint out{static_cast<KernelKind>(in.choice("kernel", names)), {}, {}};
    out.format      = read_format(in, of(out.kind));
    const auto axes = axis_names(out.kind);
    for (std::size_t i = 0; i < axes.size(); ++i) out.values[i] = read_axis(in, axes[i]);
    return out;
}

KernelPoint parse_kernel_point(std::string_view text, const std::string& shown) {
    const nlohmann::json json = parse_json(text, shown);
    SpecReader in(json, shown);
    const KernelPoint out = read_kernel_point(in);
    in.finish();
    return out;
}

std::vector<KernelPoint> read_shapes(const nlohmann::json& json, const std::string& file) {
    SpecReader in(json, file);
    in.integer("schema", 1, 1);
    in.text("for", "");
    std::vector<KernelPoint> out;
    in.each("points", [&](SpecReader& each) {
        const KernelPoint point = read_kernel_point(each);
        each.finish();
        if (std::find(out.begin(), out.end(), point) == out.end()) out.push_back(point);
    });
    in.finish();
    return out;
}

std::string shapes_json(std::span<const KernelPoint> points, const std::string& what_for) {
    nlohmann::ordered_json out{{"schema", 1}, {"for", what_for}, {"points", nlohmann::ordered_json::array()}};
    std::string text = out.dump(1);
    std::string rows;
    for (const KernelPoint& point : points) rows += (rows.empty() ? "\n  " : ",\n  ") + to_json(point).dump();
    const std::size_t at = text.rfind("[]");
    return text.replace(at, 2, "[" + rows + "\n ]") + "\n";
}

}  // namespace isobath
