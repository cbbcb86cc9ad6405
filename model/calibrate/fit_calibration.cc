#include "model/calibrate/fit_calibration.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "hw/spec_reader.h"
#include "model/calibrate/fit_experts.h"
#include "model/calibrate/fit_gemm_tables.h"
#include "model/calibrate/fit_kernels.h"
#include "model/calibrate/fit_mla.h"
#include "model/calibrate/fit_moe.h"
#include "model/calibrated_time.h"

namespace isobath {
namespace {

/// The rows of the tables of some kernels and one implementation, and what the tables say of themselves.
struct Gathered {
    Samples samples;
    std::string measured_on, source;
};

Gathered gather(std::span<const KernelTable> tables, const std::string& implementation,
                const std::set<std::string>& kernels) {
    Gathered out;
    const auto add = [](std::string& text, const std::string& more) {
        if (text.find(more) == text.npos) text += (text.empty() ? "" : "; ") + more;
    };
    for (const KernelTable& table : tables) {
        if (table.implementation != implementation || !kernels.count(table.kernel)) continue;
        std::copy_if(table.samples.begin(), table.samples.end(), std::back_inserter(out.samples),
                     [](const KernelSample& sample) { return !sample.held_back; });
        add(out.measured_on, table.measured_on);
        add(out.source, table.source);
    }
    return out;
}

/// Products of silicon tables are fitted by fit_gemm_tables().
std::vector<std::string> implementations_of(std::span<const KernelTable> tables, const std::string& kernel) {
    std::set<std::string> names;
    for (const KernelTable& table : tables)
        if (table.kernel == kernel && !is_silicon_product(table)) names.insert(table.implementation);
    return {names.begin(), names.end()};
}

template <class Constants>
void add(KernelFamily<Constants>& family, const std::string& name, const Gathered& rows,
         const FamilyFit<Constants>& fit, Source basis = Source::fitted) {
    family.implementations.push_back(
        {name, rows.measured_on, rows.source, basis, fit.constants, fit.residuals});
    if (family.preferred.empty()) family.preferred = name;
}

void need(const Gathered& rows, std::size_t constants, const std::string& what) {
    if (rows.samples.size() < constants)
        fail_at("tables", "/" + what,
                "fewer rows than constants to fit; need at least " + std::to_string(constants));
}

/// DeepGEMM's widest tile was 128 columns at its release and 160 from March 2025 on (its configuration
/// search).
int widest_tile(const std::string& implementation) {
    if (implementation == "deepgemm-2025-02-25") return 128;
    return implementation.rfind("deepgemm", 0) == 0 ? 160 : 256;  // 256: cuBLAS on Hopper
}

void fit_fp8(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    for (const std::string& name : implementations_of(tables, "gemm_fp8")) {
        const Gathered dense   = gather(tables, name, {"gemm_fp8"});
        const Gathered grouped = gather(tables, name, {"grouped_masked", "grouped_contiguous"});
        need(dense, 6, "gemm_fp8");
        const GemmFit fit = fit_gemm(gpu, dense.samples, grouped.samples, widest_tile(name));
        add(out.gemm_fp8, name, dense, fit.dense);
        if (!grouped.samples.empty()) add(out.grouped_gemm, name, grouped, fit.grouped);
    }
}

void fit_bf16(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    for (const std::string& name : implementations_of(tables, "gemm_bf16")) {
        const Gathered rows = gather(tables, name, {"gemm_bf16"});
        need(rows, 5, "gemm_bf16");
        add(out.gemm_bf16, name, rows, fit_gemm(gpu, rows.samples, {}, widest_tile(name)).dense);
    }
    for (const std::string& name : implementations_of(tables, "batched_gemm")) {
        const Gathered rows        = gather(tables, name, {"batched_gemm"});
        const auto* dense          = out.gemm_bf16.find();
        const Fitted<double> whole = {1, 1, 1};
        need(rows, 3, "batched_gemm");
        add(out.batched_gemm, name, rows,
            fit_batched_gemm(gpu, rows.samples, dense ? dense->constants.compute : whole));
    }
}

/// FlashMLA works on 64 rows (heads times query tokens) at a time; its releases share launch and bandwidth.
void fit_mla(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    std::vector<Gathered> releases;
    std::vector<Samples> samples;
    std::vector<std::string> names;
    for (const std::string& name : implementations_of(tables, "mla_decode")) {
        const Gathered rows = gather(tables, name, {"mla_decode"});
        need(rows, 3, "mla_decode");
        if (shows_cuts(rows.samples)) {
            add(out.mla_decode, name, rows, fit_split_decode(gpu, rows.samples, KvLayout::bf16));
            continue;
        }
        if (name.rfind("flashmla", 0) != 0) {
            add(out.mla_decode, name, rows, fit_mla_decode(gpu, {rows.samples}, 64)[0]);
            continue;
        }
        names.push_back(name);
        releases.push_back(rows);
        samples.push_back(rows.samples);
    }
    const auto fits = fit_mla_decode(gpu, samples, 64);
    for (std::size_t i = 0; i < names.size(); ++i) add(out.mla_decode, names[i], releases[i], fits[i]);
    if (!names.empty()) out.mla_decode.preferred = names.front();
}

void fit_mla_fp8(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    for (const std::string& name : implementations_of(tables, "mla_decode_fp8")) {
        const Gathered rows = gather(tables, name, {"mla_decode_fp8"});
        need(rows, kWideTable, "mla_decode_fp8");
        add(out.mla_decode_fp8, name, rows, fit_split_decode(gpu, rows.samples, KvLayout::fp8));
    }
    for (const std::string& name : implementations_of(tables, "flash_prefill_fp8")) {
        const Gathered rows = gather(tables, name, {"flash_prefill_fp8"});
        need(rows, kWideTable, "flash_prefill_fp8");
        add(out.flash_prefill_fp8, name, rows, fit_prompts(gpu, rows.samples, Format::fp8_tensor));
    }
}

/// No table times GQA decode on this GPU: the same loads and the same overlap as MLA decode.
void borrow_gqa(Calibration& out) {
    const auto* mla = out.mla_decode.find();
    if (!mla) return;
    Implementation<OverlapConstants> gqa = *mla;
    gqa.name                             = "like-" + mla->name;
    gqa.source                           = "no table; constants of MLA decode: " + mla->source;
    gqa.basis                            = Source::assumed;
    gqa.residuals.factor *= CalibratedTime::kTransferFactor;
    gqa.unseen.reset();           // MLA's rows judge MLA
    gqa.constants.split.reset();  // how latent caches are cut
    out.gqa_decode = {gqa.name, {gqa}};
}

void fit_flash(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    const auto* mla             = out.mla_decode.find();
    const Fitted<double> memory = mla ? mla->constants.memory : Fitted<double>{1, 1, 1};
    for (const std::string& name : implementations_of(tables, "flash_prefill")) {
        const Gathered rows = gather(tables, name, {"flash_prefill"});
        need(rows, 2, "flash_prefill");
        add(out.flash_prefill, name, rows,
            shows_cuts(rows.samples) ? fit_prompts(gpu, rows.samples, Format::bf16)
                                     : fit_flash_prefill(gpu, rows.samples, 128, memory));
    }
}

void fit_rest(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    for (const std::string& name : implementations_of(tables, "indexer")) {
        const Gathered rows = gather(tables, name, {"indexer"});
        need(rows, 3, "indexer");
        add(out.indexer, name, rows, fit_indexer(gpu, rows.samples));
    }
    for (const std::string& name : implementations_of(tables, "streaming")) {
        const Gathered rows = gather(tables, name, {"streaming"});
        need(rows, 2, "streaming");
        add(out.streaming, name, rows, fit_streaming(gpu, rows.samples));
    }
}

/// Experts behind an all-to-all. Where nothing times small kernels alone, theirs serve.
void fit_exchanged(const GpuSpec& gpu, std::span<const KernelTable> tables, Calibration& out) {
    std::set<std::string> names;
    for (const KernelTable& table : tables)
        if (table.kernel == "experts_masked" || table.kernel == "experts_contiguous")
            names.insert(table.implementation);
    for (const std::string& name : names) {
        const Gathered masked     = gather(tables, name, {"experts_masked"});
        const Gathered contiguous = gather(tables, name, {"experts_contiguous"});
        const int tile            = 160;  // SGLang 0.5 brings DeepGEMM of after March 2025
        const auto fit            = fit_exchanged_experts(gpu, masked.samples, contiguous.samples, tile);
        if (!masked.samples.empty()) add(out.grouped_gemm, name, masked, fit.masked);
        if (!contiguous.samples.empty()) add(out.grouped_contiguous, name, contiguous, fit.contiguous);
        if (!out.streaming.find())
            add(out.streaming, name, masked.samples.empty() ? contiguous : masked, fit.small,
                Source::assumed);
    }
}

/// Every implementation of a family; the quickest over all rows is the default.
void fit_experts(const GpuSpec& gpu, std::span<const KernelTable> tables, const char* kernel,
                 KernelFamily<MoeConstants>& out) {
    Samples all;
    for (const std::string& name : implementations_of(tables, kernel)) {
        const Gathered rows = gather(tables, name, {kernel});
        need(rows, 9, kernel);
        add(out, name, rows, fit_fused_moe(gpu, rows.samples));
        all.insert(all.end(), rows.samples.begin(), rows.samples.end());
    }
    if (!all.empty()) out.preferred = quickest(gpu, out, all).name;
}

}  // namespace

Calibration fit_calibration(const GpuSpec& gpu, std::span<const KernelTable> tables,
                            const std::string& name) {
    Calibration out;
    out.name = name;
    out.gpu  = gpu.name;
    fit_fp8(gpu, tables, out);
    fit_bf16(gpu, tables, out);
    fit_gemm_tables(gpu, tables, out);
    fit_mla(gpu, tables, out);
    fit_mla_fp8(gpu, tables, out);
    borrow_gqa(out);
    fit_flash(gpu, tables, out);
    fit_rest(gpu, tables, out);
    fit_exchanged(gpu, tables, out);
    fit_experts(gpu, tables, "fused_moe_fp8", out.fused_moe_fp8);
    fit_experts(gpu, tables, "fused_moe_fp4", out.fused_moe_fp4);
    return out;
}

std::string family_of(const std::string& kernel) {
    if (kernel == "experts_contiguous") return "grouped_contiguous";
    const bool grouped = kernel == "grouped_masked" || kernel == "grouped_contiguous";
    return grouped || kernel == "experts_masked" ? "grouped_gemm" : kernel;
}

Residuals residuals_on(const Calibration& calibration, const GpuSpec& gpu, const KernelTable& table) {
    KernelChoice choice;
    each_family(calibration, [&](const char* key, const auto& family) {
        if (key == family_of(table.kernel) && family.find(table.implementation))
            choice[key] = table.implementation;
    });
    const CalibratedTime model(gpu, calibration, choice);
    std::vector<double> errors;
    for (const KernelSample& sample : table.samples) {
        const Seconds time = model.cost(sample.op, gpu.sm_count).estimate.time;
        errors.push_back(std::log(time / sample.time));
    }
    return residuals_of(errors);
}

}  // namespace isobath
