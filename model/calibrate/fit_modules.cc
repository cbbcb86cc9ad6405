// What the small kernels of an attention module take, from modules and from kernels measured alone.
#include <algorithm>
#include <cmath>

#include "model/calibrate/fit_kernels.h"
#include "model/calibrate/holdout.h"
#include "model/calibrate/least_squares.h"
#include "model/calibrate/mla_modules.h"
#include "model/calibrated_time.h"

namespace isobath {
namespace {

using Modules = std::vector<ModuleSample>;

/// A module split into what other calibrations know and what streaming takes: launches and bytes.
struct Parts {
    Seconds known;
    int launches = 0;
    Bytes bytes;
};

Parts parts_of(const KernelTime& time, const ModuleSample& sample, int sms) {
    Parts out;
    for (const Op& op : sample.ops) {
        const auto* small = std::get_if<Streaming>(&op);
        if (!small) out.known = out.known + time.cost(op, sms).estimate.time;
        if (small) out.bytes = out.bytes + small->bytes;
        out.launches += small != nullptr;
    }
    return out;
}

Fitted<double> plain(const LeastSquares& fit, std::size_t i) {
    return {fit.values[i], fit.low[i], fit.high[i]};
}

/// launch (us) and share of bandwidth.
constexpr Parameter kStart[] = {{1, 0.02, 10}, {0.6, 0.05, 0.99}};

FamilyFit<OverlapConstants> fit_streaming(const GpuSpec& gpu, const KernelTime& time, const Modules& rows) {
    std::vector<Parts> parts;
    for (const ModuleSample& row : rows) parts.push_back(parts_of(time, row, gpu.sm_count));
    const auto fit =
        fit_least_squares(kStart, int(rows.size()), [&](std::span<const double> p, std::span<double> out) {
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const Seconds small =
                    double(parts[i].launches) * p[0] * unit::us + parts[i].bytes / (gpu.hbm_bandwidth * p[1]);
                out[i] = std::log((parts[i].known + small) / rows[i].time);
            }
        });
    OverlapConstants c;
    const auto us = plain(fit, 0);
    c.launch      = {us.value * unit::us, us.low * unit::us, us.high * unit::us};
    c.compute     = {1, 1, 1};
    c.memory      = plain(fit, 1);
    return {c, residuals_of(fit.residuals)};
}

bool present(const Calibration& c, const ModuleSample& sample) {
    const auto has = [&](const auto& family) { return !family.implementations.empty(); };
    return std::all_of(sample.ops.begin(), sample.ops.end(), [&](const Op& op) {
        const auto* decode = std::get_if<MlaDecode>(&op);
        const auto* prompt = std::get_if<FlashPrefill>(&op);
        if (std::holds_alternative<BatchedGemm>(op)) return has(c.batched_gemm) || has(c.batched_gemm_bf16);
        if (std::holds_alternative<Gemm>(op)) return has(c.gemm_fp8);
        if (decode) return has(decode->cache == KvLayout::bf16 ? c.mla_decode : c.mla_decode_fp8);
        return !prompt || has(prompt->format == Format::bf16 ? c.flash_prefill : c.flash_prefill_fp8);
    });
}

Modules seen(const Modules& rows, const std::vector<int>& fold, int left_out) {
    Modules out;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (!rows[i].held_back && fold[i] != left_out) out.push_back(rows[i]);
    return out;
}

std::vector<int> folds_of_sites(const Modules& rows) {
    std::vector<std::string> sites;
    for (const ModuleSample& row : rows) sites.push_back(row.site);
    return folds_of(sites, 5);
}

Calibration with_streaming(Calibration c, const Implementation<OverlapConstants>& streaming) {
    c.streaming = {streaming.name, {streaming}};
    return c;
}

/// Predictions of `rows` for which `keep` holds, by whole modules.
template <class Keep>
void score(const Calibration& c, const GpuSpec& gpu, const Modules& rows, const Keep& keep,
           std::vector<Scored>& out) {
    const CalibratedTime time(gpu, c, choice_of(c, c.streaming.preferred));
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (keep(i)) out.push_back({rows[i].key, rows[i].time, module_time(time, rows[i], gpu.sm_count)});
}

struct Bench {
    const Calibration& calibration;
    const GpuSpec& gpu;
    std::string library;
    Modules rows;
    std::vector<int> fold = folds_of_sites(rows);
    CalibratedTime time{gpu, calibration, choice_of(calibration, library)};

    Implementation<OverlapConstants> fit(const std::string& name, int left_out) const {
        const auto fit = fit_streaming(gpu, time, seen(rows, fold, left_out));
        return {name, "", "", Source::fitted, fit.constants, fit.residuals};
    }
    UnseenScores judge(const Implementation<OverlapConstants>& shipped) const {
        std::vector<Scored> held_back, sites;
        score(
            with_streaming(calibration, shipped), gpu, rows, [&](auto i) { return rows[i].held_back; },
            held_back);
        for (int f = 0; f < 5; ++f)
            score(
                with_streaming(calibration, fit(shipped.name, f)), gpu, rows,
                [&](auto i) { return fold[i] == f; }, sites);
        return {2, scores_of(held_back), scores_of(sites), isobath::sample_of(held_back)};
    }
};

}  // namespace

void fit_modules(Calibration& calibration, const GpuSpec& gpu, std::span<const ModuleTable> tables) {
    std::string name = calibration.mla_decode.preferred, source, measured_on;
    Modules rows;
    for (const ModuleTable& table : tables) {
        if (table.implementation != name) continue;
        source += (source.empty() ? "" : "; ") + table.source;
        measured_on = table.measured_on;
        for (const ModuleSample& row : table.samples)
            if (present(calibration, row)) rows.push_back(row);
    }
    if (rows.size() < 20) return;
    const Bench bench{calibration, gpu, name, rows};
    auto fitted        = bench.fit(name, -1);
    fitted.measured_on = measured_on;
    fitted.source      = source + ": whole modules less their products and attention; errors are of modules";
    fitted.unseen      = bench.judge(fitted);
    calibration.streaming = {name, {fitted}};
}

}  // namespace isobath
