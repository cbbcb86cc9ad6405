#include "model/calibrate/silicon_kernels.h"

#include <algorithm>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/silicon_moe.h"

namespace isobath {
namespace {

/// A kernel's name and the row as its Op.
struct Named {
    std::string kernel;
    Op op;
    std::vector<Op> then = {};
};

/// A format as the files call it, and what kernel and operand that stands for.
template <class T>
struct Spelling {
    std::string_view text, suffix;
    T format;
};

constexpr Spelling<Format> kGemms[]    = {{"bfloat16", "_bf16", Format::bf16},
                                          {"fp8_block", "_fp8", Format::fp8_block},
                                          {"fp8", "_fp8_tensor", Format::fp8_tensor},
                                          {"nvfp4", "_fp4", Format::nvfp4}};
constexpr Spelling<Format> kBatched[]  = {{"bfloat16", "_bf16", Format::bf16},
                                          {"fp8", "_fp8", Format::fp8_block}};
constexpr Spelling<KvLayout> kCaches[] = {{"bfloat16", "", KvLayout::bf16}, {"fp8", "_fp8", KvLayout::fp8}};
constexpr Spelling<Format> kPrompts[] = {{"bfloat16", "", Format::bf16}, {"fp8", "_fp8", Format::fp8_tensor}};

template <class T, std::size_t N>
const Spelling<T>& spelled(const Spelling<T> (&known)[N], const SiliconTable& table, const SiliconRow& row,
                           const char* column) {
    std::vector<std::string_view> names;
    for (const Spelling<T>& one : known) {
        if (one.text == row.text(column)) return one;
        names.push_back(one.text);
    }
    fail_at(table.file, std::to_string(row.line) + ": " + column,
            "\"" + clipped(row.text(column)) + "\"; allowed: " + joined(names));
}

Named gemm(const SiliconTable& table, const SiliconRow& row) {
    const auto& type = spelled(kGemms, table, row, "gemm_dtype");
    return {"gemm" + std::string(type.suffix),
            Gemm{row.number("m"), row.whole("n"), row.whole("k"), type.format}};
}

/// DeepSeek-V3: W_UK takes a head's 128 to the latent's 512, W_UV the latent's 512 to a head's 128.
Named batched(const SiliconTable& table, const SiliconRow& row) {
    const auto& type = spelled(kBatched, table, row, "bmm_dtype");
    const bool up    = row.text("op_name") == "mla_gen_pre";
    return {"batched_gemm" + std::string(type.suffix),
            BatchedGemm{row.whole("num_heads"), row.number("num_tokens"), up ? 512 : 128, up ? 128 : 512,
                        type.format}};
}

Named decode(const SiliconTable& table, const SiliconRow& row) {
    const auto& type = spelled(kCaches, table, row, "kv_cache_dtype");
    return {"mla_decode" + std::string(type.suffix),
            MlaDecode{row.number("batch_size"), 1, row.number("isl") + row.number("step"),
                      row.whole("num_heads"), 512, 64, type.format}};
}

Named prompt(const SiliconTable& table, const SiliconRow& row) {
    const auto& type = spelled(kPrompts, table, row, "kv_cache_dtype");
    const int heads  = row.whole("num_heads");
    return {"flash_prefill" + std::string(type.suffix),
            FlashPrefill{row.number("batch_size"), row.number("isl"), row.number("isl") + row.number("step"),
                         heads, heads, 192, 128, type.format}};
}

Named experts(const SiliconTable& table, const SiliconRow& row) {
    const FusedMoe shape = fused_moe_of(table, row);
    return {math_of(shape.format) == Math::fp4 ? "fused_moe_fp4" : "fused_moe_fp8", shape};
}

Named exchanged_experts(const SiliconTable& table, const SiliconRow& row) {
    const std::vector<Op> ops = expert_kernels_of(table, row);
    return {table.family == "moe_context" ? "experts_contiguous" : "experts_masked",
            ops.front(),
            {ops.begin() + 1, ops.end()}};
}

using MakeKernel = Named (*)(const SiliconTable&, const SiliconRow&);

MakeKernel maker_of(const std::string& family) {
    if (family == "gemm") return gemm;
    if (family == "mla_bmm") return batched;
    if (family == "mla_decode") return decode;
    if (family == "moe") return experts;
    if (family == "moe_context" || family == "moe_generation") return exchanged_experts;
    return family == "mla_context" ? prompt : nullptr;
}

KernelTable& table_for(std::vector<KernelTable>& out, const SiliconTable& from, const std::string& kernel) {
    for (KernelTable& table : out)
        if (table.kernel == kernel && table.implementation == from.implementation &&
            table.source == from.file)
            return table;
    out.push_back({from.file + " " + kernel, kernel, from.implementation, from.measured_on, from.file, {}});
    return out.back();
}

}  // namespace

std::optional<NamedSample> kernel_of(const SiliconTable& table, const SiliconRow& row) {
    const MakeKernel make = maker_of(table.family);
    if (!make) return std::nullopt;
    const Named named = make(table, row);
    return NamedSample{named.kernel, {named.op, row.time, row.key, row.held_back, {}, named.then}};
}

std::vector<KernelTable> kernel_tables(std::span<const SiliconTable> tables) {
    std::vector<KernelTable> out;
    for (const SiliconTable& table : tables)
        for (const SiliconRow& row : table.rows)
            if (const auto named = kernel_of(table, row))
                table_for(out, table, named->kernel).samples.push_back(named->sample);
    return out;
}

}  // namespace isobath
