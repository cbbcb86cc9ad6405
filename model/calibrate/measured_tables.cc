#include "model/calibrate/measured_tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/fit_mla.h"
#include "model/calibrate/silicon.h"
#include "model/streaming.h"

namespace isobath {
namespace {

using Kernel = std::optional<FittedKernel>;

/// The numbers of a shape, as the model holds them.
struct Shape {
    const KernelPoint& point;

    double operator[](std::string_view axis) const { return double(point[axis]); }
    int whole(std::string_view axis) const { return int(point[axis]); }
    bool is(std::string_view format) const { return point.format == format; }
};

Kernel refuse(std::string& why, const Shape& shape) {
    why = "no family of a calibration has format " + shape.point.format;
    return std::nullopt;
}

Kernel gemm(const Shape& s, std::string& why) {
    const auto product = [&](const char* kernel, Format format) {
        return FittedKernel{kernel, Gemm{s["m"], s.whole("n"), s.whole("k"), format}};
    };
    if (s.is("bf16")) return product("gemm_bf16", Format::bf16);
    if (s.is("fp8_block")) return product("gemm_fp8", Format::fp8_block);
    if (s.is("fp8_tensor")) return product("gemm_fp8_tensor", Format::fp8_tensor);
    if (s.is("nvfp4")) return product("gemm_fp4", Format::nvfp4);
    return refuse(why, s);
}

Kernel batched(const Shape& s, std::string&) {
    const Format format = s.is("bf16")        ? Format::bf16
                          : s.is("fp8_block") ? Format::fp8_block
                                              : Format::fp8_tensor;
    return FittedKernel{s.is("bf16") ? "batched_gemm_bf16" : "batched_gemm_fp8",
                        BatchedGemm{s.whole("batch"), s["m"], s.whole("n"), s.whole("k"), format}};
}

/// Rows per expert are drawn evenly within the spread on both sides of the mean: variance (2 spread)^2 / 12.
Kernel grouped(const Shape& s, std::string& why) {
    if (!s.is("fp8_block")) return refuse(why, s);
    const bool contiguous = s.whole("contiguous") != 0;
    const double mean = s["rows_per_expert"], range = 2 * s["spread_percent"] / 100 * mean;
    const auto layout = contiguous ? GroupedLayout::contiguous : GroupedLayout::masked;
    return FittedKernel{contiguous ? "grouped_contiguous" : "grouped_masked",
                        GroupedGemm{mean * s["experts"], s.whole("experts"), range * range / 12, s.whole("n"),
                                    s.whole("k"), Format::fp8_block, layout}};
}

Kernel decode(const Shape& s, std::string& why) {
    if (s.is("fp8_flashmla")) return refuse(why, s);
    const bool fp8 = s.is("fp8");
    return FittedKernel{fp8 ? "mla_decode_fp8" : "mla_decode",
                        MlaDecode{s["batch"], s.whole("s_q"), s["context"], s.whole("heads"), 512, 64,
                                  fp8 ? KvLayout::fp8 : KvLayout::bf16}};
}

Kernel prefill(const Shape& s, std::string&) {
    const bool fp8  = s.is("fp8_tensor");
    const int heads = s.whole("heads");
    return FittedKernel{fp8 ? "flash_prefill_fp8" : "flash_prefill",
                        FlashPrefill{s["sequences"], s["q_len"], s["kv_len"], heads, heads, 192, 128,
                                     fp8 ? Format::fp8_tensor : Format::bf16}};
}

/// Permuting reads a row once and writes it `top_k` times; the weighted sum does the reverse in BF16.
/// Rotating reads and writes 64 BF16 numbers of each head and takes half a word of cosine and sine with each.
double bytes_per_row(const Shape& s) {
    const Format format = s.is("fp8_block") ? Format::fp8_block : Format::bf16;
    switch (s.point.kind) {
        case KernelKind::quantise: return quantise_bytes(s["columns"], Format::fp8_block);
        case KernelKind::rms_norm: return norm_bytes(s["columns"]);
        case KernelKind::rope: return 5 * s["heads"] * 64;
        case KernelKind::swiglu: return swiglu_bytes(s["columns"], format);
        case KernelKind::permute: return (1 + s["top_k"]) * s["columns"] * activation_bytes(format);
        default: return (1 + s["top_k"]) * s["columns"] * 2;
    }
}

Kernel small(const Shape& s, std::string&) {
    return FittedKernel{"streaming", streaming(s["rows"], bytes_per_row(s))};
}

Kernel none(const Shape& s, std::string& why) {
    why = s.point.kind == KernelKind::gate ? "the model prices it by a constant of its own"
                                           : "a ceiling, not a kernel of a step";
    return std::nullopt;
}

Kernel travelling(const Shape&, std::string& why) {
    why = "collectives have presets of their own (calibrate import --comm)";
    return std::nullopt;
}

Kernel (*maker_of(KernelKind kind))(const Shape&, std::string&) {
    switch (kind) {
        case KernelKind::gemm: return gemm;
        case KernelKind::batched_gemm: return batched;
        case KernelKind::grouped_gemm: return grouped;
        case KernelKind::mla_decode: return decode;
        case KernelKind::mla_prefill: return prefill;
        case KernelKind::quantise:
        case KernelKind::rms_norm:
        case KernelKind::rope:
        case KernelKind::swiglu:
        case KernelKind::permute:
        case KernelKind::unpermute: return small;
        case KernelKind::all_reduce:
        case KernelKind::all_gather:
        case KernelKind::all_to_all: return travelling;
        default: return none;
    }
}

/// Fewest rows that the fit of a kernel's table takes.
std::size_t fewest(const std::string& kernel) {
    if (kernel == "gemm_fp8") return 6;
    if (kernel == "mla_decode_fp8" || kernel == "flash_prefill_fp8") return kWideTable;
    if (kernel == "mla_decode") return 3;
    if (kernel == "flash_prefill" || kernel == "streaming") return 2;
    return kernel.starts_with("grouped") ? 1 : 5;
}

class Builder {
  public:
    void add(const Measurements& from) {
        for (const MeasuredRow& row : from.rows) add(from.device, row);
        for (const SkippedRow& row : from.skipped)
            leave(std::string(name_of(row.point.kind)) + " by " + row.implementation,
                  "could not be had there: " + clipped(row.reason), 1);
    }

    MeasuredTables finish(const std::string& file) {
        MeasuredTables out;
        for (auto& [key, table] : tables_) {
            table.source = file;
            (enough(table) ? out.tables : out.too_few).push_back(std::move(table));
        }
        for (const auto& [key, rows] : left_out_) out.left_out.push_back({key.first, key.second, rows});
        return out;
    }

  private:
    void add(const MeasuredDevice& device, const MeasuredRow& row) {
        const std::string what = std::string(name_of(row.point.kind)) + " by " + row.implementation;
        std::string why;
        if (row.held_sms > 0) return leave(what, "beside held SMs: shows contention", 1);
        const Kernel kernel = fitted_kernel(row.point, why);
        if (!kernel) return leave(what, why, 1);
        KernelTable& table   = tables_[{kernel->kernel, row.implementation}];
        table.name           = row.implementation + " " + kernel->kernel;
        table.kernel         = kernel->kernel;
        table.implementation = row.implementation;
        if (table.measured_on.find(device.name) == table.measured_on.npos)
            table.measured_on += (table.measured_on.empty() ? "" : "; ") + described(device);
        table.samples.push_back(sample(kernel->kernel, *kernel, row));
        if (!table.samples.back().held_back) ++fitted_[{kernel->kernel, row.implementation}];
    }

    /// Dense and grouped products of block-scaled FP8 are fitted together, by a form for rows without keys.
    static KernelSample sample(const std::string& name, const FittedKernel& kernel, const MeasuredRow& row) {
        const std::string key = to_string(row.point);
        KernelSample out{kernel.op, row.time, name == "gemm_fp8" ? "" : key, is_held_back(key)};
        out.alone = true;
        return out;
    }

    static std::string described(const MeasuredDevice& device) {
        std::string out = device.name;
        if (!device.driver.empty()) out += ", driver " + device.driver;
        if (!device.cuda.empty()) out += ", CUDA " + device.cuda;
        return device.date.empty() ? out : out + ", " + device.date;
    }

    bool enough(const KernelTable& table) {
        const bool dense = !table.kernel.starts_with("grouped") || has_dense(table.implementation);
        if (dense && rows_to_fit(table.kernel, table.implementation) >= fewest(table.kernel)) return true;
        leave(table.name,
              dense ? "fewer rows than the " + std::to_string(fewest(table.kernel)) + " that a fit takes"
                    : "grouped products are fitted together with the implementation's own dense ones",
              int(table.samples.size()));
        return false;
    }

    bool has_dense(const std::string& implementation) const {
        return rows_to_fit("gemm_fp8", implementation) >= fewest("gemm_fp8");
    }

    std::size_t rows_to_fit(const std::string& kernel, const std::string& implementation) const {
        const auto count = fitted_.find({kernel, implementation});
        return count == fitted_.end() ? 0 : count->second;
    }

    void leave(const std::string& what, const std::string& reason, int rows) {
        left_out_[{what, reason}] += rows;
    }

    std::map<std::pair<std::string, std::string>, KernelTable> tables_;
    std::map<std::pair<std::string, std::string>, std::size_t> fitted_;  ///< rows that are not held back
    std::map<std::pair<std::string, std::string>, int> left_out_;
};

bool is_of(const MeasuredDevice& device, const std::string& gpu) {
    return device.gpu.empty() ? names_gpu(device.name, gpu) : device.gpu == gpu;
}

bool is_own(const std::string& implementation) {
    return implementation.starts_with("isobath");
}

}  // namespace

std::optional<FittedKernel> fitted_kernel(const KernelPoint& point, std::string& why) {
    for (const std::string_view axis : axis_names(point.kind))
        if (point[axis] > std::numeric_limits<int>::max() && axis != "bytes") {
            why = "a size beyond 2^31";
            return std::nullopt;
        }
    return maker_of(point.kind)({point}, why);
}

MeasuredTables measured_tables(std::span<const Measurements> measured, const std::string& gpu,
                               const std::string& file) {
    Builder builder;
    bool any = false;
    for (const Measurements& each : measured) {
        if (!is_of(each.device, gpu)) continue;
        builder.add(each);
        any = true;
    }
    if (!any) fail_at(file, "/device", "no rows of " + gpu + "; name the GPU that was measured with --gpu");
    return builder.finish(file);
}

void prefer_libraries(Calibration& calibration) {
    each_family(calibration, [](const char*, auto& family) {
        if (!is_own(family.preferred)) return;
        int most = -1;
        for (const auto& each : family.implementations) {
            if (is_own(each.name) || each.residuals.rows <= most) continue;
            most             = each.residuals.rows;
            family.preferred = each.name;
        }
    });
}

}  // namespace isobath
