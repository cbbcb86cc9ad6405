#include "model/calibrate/fit_kernels.h"

#include <algorithm>
#include <cmath>

#include "hw/quantile.h"
#include "model/calibrate/least_squares.h"
#include "model/forms_gemm.h"
#include "model/kernel_forms.h"

namespace isobath {
namespace {

double log_ratio(Seconds model, Seconds measured) {
    return std::log(model / measured);
}

Fitted<double> plain(const LeastSquares& fit, std::size_t i) {
    return {fit.values[i], fit.low[i], fit.high[i]};
}

Fitted<Seconds> seconds(const LeastSquares& fit, std::size_t i) {
    return {fit.values[i] * unit::us, fit.low[i] * unit::us, fit.high[i] * unit::us};
}

template <class T>
Fitted<T> known(T value) {
    return {value, value, value};
}

Parameter held(double value) {
    return {value, value, value};
}

OverlapConstants overlap(Fitted<Seconds> launch, Fitted<double> compute, Fitted<double> memory,
                         int query_tile) {
    return {launch, compute, memory, {}, query_tile};
}

/// How much surer a fit is of its own rows than of new ones.
double widening(std::span<const Parameter> parameters, std::size_t rows) {
    const auto free = std::count_if(parameters.begin(), parameters.end(),
                                    [](const Parameter& p) { return p.low < p.high; });
    return std::sqrt(double(rows) / std::max(1.0, double(rows) - double(free)));
}

// ---- tiled products: launch, launch of grouped, tile, step (us), compute, memory (shares)

constexpr Parameter kGemmStart[] = {{1, 0.05, 8},       {1, 0.05, 8},     {1.5, 0.01, 5},
                                    {0.05, 0.001, 0.4}, {0.7, 0.2, 0.99}, {0.85, 0.5, 0.99}};

GemmConstants gemm_constants(std::span<const double> p, bool grouped, int max_tile_n) {
    return {known(p[grouped ? 1 : 0] * unit::us),
            known(p[2] * unit::us),
            known(p[3] * unit::us),
            known(p[4]),
            known(p[5]),
            max_tile_n};
}

GemmConstants gemm_constants(const LeastSquares& fit, bool grouped, int max_tile_n) {
    return {seconds(fit, grouped ? 1 : 0),
            seconds(fit, 2),
            seconds(fit, 3),
            plain(fit, 4),
            plain(fit, 5),
            max_tile_n};
}

Seconds gemm_model(const GpuSpec& gpu, const GemmConstants& c, const Op& op) {
    if (const auto* grouped = std::get_if<GroupedGemm>(&op))
        return grouped_gemm_time(c, machine_of(gpu, math_of(grouped->format)), *grouped, gpu.sm_count).time;
    const Gemm& dense = std::get<Gemm>(op);
    return gemm_time(c, machine_of(gpu, math_of(dense.format)), dense, gpu.sm_count).time;
}

// ---- kernels whose parts overlap

Seconds mla_model(const GpuSpec& gpu, const OverlapConstants& c, const KernelSample& sample) {
    const MlaDecode& a = std::get<MlaDecode>(sample.op);
    return overlap_time(c, machine_of(gpu, Math::bf16), padded_flop(a, c.query_tile), work_of(a).bytes,
                        gpu.sm_count, Hiding::whole)
        .time;
}

Seconds flash_model(const GpuSpec& gpu, const OverlapConstants& c, const KernelSample& sample) {
    const FlashPrefill& a = std::get<FlashPrefill>(sample.op);
    return overlap_time(c, machine_of(gpu, math_of(a.format)), padded_flop(a, c.query_tile), work_of(a).bytes,
                        gpu.sm_count, Hiding::whole)
        .time;
}

Seconds plain_model(const GpuSpec& gpu, const OverlapConstants& c, const KernelSample& sample) {
    const Work work = work_of(sample.op);
    return overlap_time(c, machine_of(gpu, work.math), work.flop, work.bytes, gpu.sm_count, Hiding::partial)
        .time;
}

Seconds warm_model(const GpuSpec& gpu, OverlapConstants c, const KernelSample& sample) {
    if (work_of(sample.op).bytes < kWarmShare * gpu.l2) c.memory = c.cached;
    return plain_model(gpu, c, sample);
}

/// Fits {launch in us, compute, memory, cached} of one table with one model.
template <class Model>
FamilyFit<OverlapConstants> fit_overlap(const GpuSpec& gpu, const Samples& samples,
                                        std::array<Parameter, 4> start, int query_tile, Model model) {
    const LeastSquares fit =
        fit_least_squares(start, int(samples.size()), [&](std::span<const double> p, std::span<double> out) {
            const OverlapConstants c{known(p[0] * unit::us), known(p[1]), known(p[2]), known(p[3]),
                                     query_tile};
            for (std::size_t i = 0; i < samples.size(); ++i)
                out[i] = log_ratio(model(gpu, c, samples[i]), samples[i].time);
        });
    return {overlap(seconds(fit, 0), plain(fit, 1), plain(fit, 2), query_tile),
            residuals_of(fit.residuals, widening(start, samples.size()))};
}

}  // namespace

Residuals residuals_of(std::span<const double> log_errors, double widening) {
    if (log_errors.empty()) return {};
    std::vector<double> relative, logs;
    for (const double e : log_errors) {
        relative.push_back(std::abs(std::exp(e) - 1));
        logs.push_back(std::abs(e));
    }
    std::sort(relative.begin(), relative.end());
    std::sort(logs.begin(), logs.end());
    return {int(log_errors.size()), quantile(relative, 0.5), quantile(relative, 0.9), relative.back(),
            std::exp(widening * quantile(logs, 0.8))};
}

GemmFit fit_gemm(const GpuSpec& gpu, const Samples& dense, const Samples& grouped, int max_tile_n) {
    const auto model = [&](std::span<const double> p, std::span<double> out) {
        const GemmConstants one  = gemm_constants(p, false, max_tile_n),
                            many = gemm_constants(p, true, max_tile_n);
        std::size_t row          = 0;
        for (const KernelSample& s : dense) out[row++] = log_ratio(gemm_model(gpu, one, s.op), s.time);
        for (const KernelSample& s : grouped) out[row++] = log_ratio(gemm_model(gpu, many, s.op), s.time);
    };
    std::vector<Parameter> start(std::begin(kGemmStart), std::end(kGemmStart));
    if (dense.empty()) start[0] = held(1);
    if (grouped.empty()) start[1] = held(1);
    const LeastSquares fit = fit_least_squares(start, int(dense.size() + grouped.size()), model);
    const std::span<const double> errors(fit.residuals);
    const double wide = widening(start, errors.size());
    return {{gemm_constants(fit, false, max_tile_n), residuals_of(errors.first(dense.size()), wide)},
            {gemm_constants(fit, true, max_tile_n), residuals_of(errors.subspan(dense.size()), wide)}};
}

std::vector<FamilyFit<OverlapConstants>> fit_mla_decode(const GpuSpec& gpu,
                                                        const std::vector<Samples>& versions,
                                                        int query_tile) {
    // launch (us), memory, then one compute share per version
    std::vector<Parameter> start{{5, 0.5, 60}, {0.85, 0.5, 0.99}};
    int rows = 0;
    for (const Samples& each : versions) {
        start.push_back({0.6, 0.2, 0.99});
        rows += int(each.size());
    }
    const LeastSquares fit =
        fit_least_squares(start, rows, [&](std::span<const double> p, std::span<double> out) {
            std::size_t row = 0;
            for (std::size_t v = 0; v < versions.size(); ++v) {
                const OverlapConstants c =
                    overlap(known(p[0] * unit::us), known(p[2 + v]), known(p[1]), query_tile);
                for (const KernelSample& s : versions[v])
                    out[row++] = log_ratio(mla_model(gpu, c, s), s.time);
            }
        });
    std::vector<FamilyFit<OverlapConstants>> out;
    std::size_t row = 0;
    for (std::size_t v = 0; v < versions.size(); row += versions[v++].size())
        out.push_back({overlap(seconds(fit, 0), plain(fit, 2 + v), plain(fit, 1), query_tile),
                       residuals_of(std::span(fit.residuals).subspan(row, versions[v].size()),
                                    widening(start, fit.residuals.size()))});
    return out;
}

FamilyFit<OverlapConstants> fit_flash_prefill(const GpuSpec& gpu, const Samples& samples, int query_tile,
                                              Fitted<double> memory) {
    auto fit =
        fit_overlap(gpu, samples, {Parameter{5, 0.5, 60}, {0.6, 0.2, 0.99}, held(memory.value), held(1)},
                    query_tile, flash_model);
    fit.constants.memory = memory;
    return fit;
}

FamilyFit<OverlapConstants> fit_batched_gemm(const GpuSpec& gpu, const Samples& samples,
                                             Fitted<double> compute) {
    std::array<Parameter, 4> start{Parameter{3, 0.5, 8}, held(compute.value), {0.8, 0.3, 0.99}, {2, 1, 8}};
    const LeastSquares fit =
        fit_least_squares(start, int(samples.size()), [&](std::span<const double> p, std::span<double> out) {
            const OverlapConstants c{known(p[0] * unit::us), known(p[1]), known(p[2]), known(p[3]), 1};
            for (std::size_t i = 0; i < samples.size(); ++i)
                out[i] = log_ratio(warm_model(gpu, c, samples[i]), samples[i].time);
        });
    OverlapConstants c = overlap(seconds(fit, 0), compute, plain(fit, 2), 1);
    c.cached           = plain(fit, 3);
    return {c, residuals_of(fit.residuals, widening(start, samples.size()))};
}

FamilyFit<OverlapConstants> fit_indexer(const GpuSpec& gpu, const Samples& samples) {
    return fit_overlap(gpu, samples, {Parameter{5, 0.1, 60}, {0.5, 0.05, 0.99}, {0.8, 0.1, 0.99}, held(1)}, 1,
                       plain_model);
}

FamilyFit<OverlapConstants> fit_streaming(const GpuSpec& gpu, const Samples& samples) {
    Samples small, large;
    for (const KernelSample& sample : samples) {
        const Bytes bytes = work_of(sample.op).bytes;
        if (bytes < 1 * unit::MB) small.push_back(sample);
        if (bytes > 30 * unit::MB) large.push_back(sample);
    }
    if (small.empty() || large.empty())
        return fit_overlap(gpu, samples, {Parameter{2, 0.1, 10}, held(1), {0.7, 0.2, 0.99}, held(1)}, 1,
                           plain_model);
    // Each constant is fitted where it is felt: the launch to kernels that move next to nothing, the
    // bandwidth to those that move much. What lies between (narrow casts) shows in the residuals.
    const auto launch =
        fit_overlap(gpu, small, {Parameter{2, 0.1, 10}, held(1), held(0.7), held(1)}, 1, plain_model);
    const double us = launch.constants.launch.value.in(unit::us);
    auto fit =
        fit_overlap(gpu, large, {held(us), held(1), Parameter{0.7, 0.2, 0.99}, held(1)}, 1, plain_model);
    fit.constants.launch = launch.constants.launch;
    std::vector<double> errors;
    for (const KernelSample& sample : samples)
        errors.push_back(log_ratio(plain_model(gpu, fit.constants, sample), sample.time));
    fit.residuals = residuals_of(errors);
    return fit;
}

}  // namespace isobath
