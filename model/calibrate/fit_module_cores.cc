// Decode attention that no table times alone, from modules whose other kernels are known.
#include <algorithm>
#include <cmath>

#include "model/calibrate/fit_mla.h"
#include "model/calibrate/holdout.h"
#include "model/calibrate/judge.h"
#include "model/calibrate/mla_modules.h"
#include "model/forms_mla.h"

namespace isobath {
namespace {

/// The module as its attention core with all else beside it; an Op of another kind where it has none.
KernelSample core_of(const KernelTime& time, const ModuleSample& module, int sms) {
    KernelSample out{{}, module.time, module.key, module.held_back};
    for (const Op& op : module.ops)
        if (std::holds_alternative<MlaDecode>(op))
            out.op = op;
        else
            out.beside = out.beside + time.cost(op, sms).estimate.time;
    return out;
}

Samples cores_over(KvLayout cache, const KernelTime& time, const ModuleTable& table, int sms) {
    Samples out;
    for (const ModuleSample& module : table.samples) {
        const KernelSample row = core_of(time, module, sms);
        const auto* core       = std::get_if<MlaDecode>(&row.op);
        if (core && core->cache == cache) out.push_back(row);
    }
    return out;
}

auto predict(const GpuSpec& gpu, KvLayout cache, const FamilyFit<OverlapConstants>& fit) {
    const Machine machine = machine_of(gpu, cache == KvLayout::bf16 ? Math::bf16 : Math::fp8);
    return [machine, fit, sms = gpu.sm_count](const KernelSample& row) {
        const FormTime core = mla_decode_time(fit.constants, machine, std::get<MlaDecode>(row.op), sms);
        return Estimate::within(row.beside + core.time, fit.residuals.factor, Source::fitted);
    };
}

/// What a module's factor means for its attention alone, with which the rest does not share the error.
double factor_alone(double factor, const Samples& rows) {
    std::vector<double> ratios;
    for (const KernelSample& row : rows)
        ratios.push_back(row.time / (row.time - std::min(row.beside, 0.9 * row.time)));
    std::sort(ratios.begin(), ratios.end());
    return std::pow(factor, ratios[ratios.size() / 2]);
}

Implementation<OverlapConstants> fitted_core(const GpuSpec& gpu, KvLayout cache, const ModuleTable& table,
                                             const Samples& rows) {
    const auto fit_to = [&](const Samples& some) { return fit_split_decode(gpu, some, cache); };
    auto fit          = fit_to(seen_rows(std::span<const KernelSample>(rows)));
    const auto unseen = judge(
        std::span<const KernelSample>(rows), [](const KernelSample& row) { return site_of(row.op); },
        [&](const Samples& others) { return predict(gpu, cache, fit_to(others)); }, predict(gpu, cache, fit),
        fitted_constants(fit.constants));
    fit.residuals.factor = factor_alone(fit.residuals.factor, rows);
    return {table.implementation,
            table.measured_on,
            table.source + ": whole modules less their other kernels; errors are of modules",
            Source::fitted,
            fit.constants,
            fit.residuals,
            unseen};
}

}  // namespace

void fit_module_cores(Calibration& calibration, const GpuSpec& gpu, std::span<const ModuleTable> tables) {
    if (calibration.streaming.implementations.empty()) return;
    const Calibration known = calibration;
    for (const ModuleTable& table : tables)
        for (const KvLayout cache : {KvLayout::bf16, KvLayout::fp8}) {
            auto& family = cache == KvLayout::bf16 ? calibration.mla_decode : calibration.mla_decode_fp8;
            const CalibratedTime time(gpu, known, choice_of(known, table.implementation));
            const Samples rows = cores_over(cache, time, table, gpu.sm_count);
            if (rows.size() < kWideTable || family.find(table.implementation)) continue;
            family.implementations.push_back(fitted_core(gpu, cache, table, rows));
            if (family.preferred.empty()) family.preferred = table.implementation;
        }
}

}  // namespace isobath
