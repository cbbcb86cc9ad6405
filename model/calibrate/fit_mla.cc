#include "model/calibrate/fit_mla.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "model/calibrate/holdout.h"
#include "model/calibrate/judge.h"
#include "model/calibrate/least_squares.h"
#include "model/forms_mla.h"

namespace isobath {
namespace {

constexpr int kFolds      = 5;
constexpr double kHuber   = 0.1;  ///< kernels change within a table: more rows are odd than in a plain one
constexpr int kDecodeTile = 64;
constexpr int kPromptTile = 128;

using Values = std::span<const double>;

Fitted<double> plain(const LeastSquares& fit, std::size_t i) {
    return {fit.values[i], fit.low[i], fit.high[i]};
}
Fitted<Seconds> in_us(const Fitted<double>& f) {
    return {f.value * unit::us, f.low * unit::us, f.high * unit::us};
}

/// How constants are made of fitted numbers, and how they predict a row.
struct Form {
    std::vector<Parameter> start;
    std::function<OverlapConstants(const LeastSquares&)> constants;
    std::function<Seconds(const OverlapConstants&, const KernelSample&)> time;
};

/// A benchmark runs again and again on the same operands, unless it says that it clears L2; within a block no
/// kernel finds them there.
Caches caches_of(const KernelSample& row) {
    return row.alone || row.beside > Seconds{} ? Caches::cold : Caches::warm;
}

LeastSquares only_values(Values values) {
    const std::vector<double> list(values.begin(), values.end());
    return {list, list, list, {}};
}

double log_error(const Form& form, const OverlapConstants& c, const KernelSample& row) {
    return std::log(form.time(c, row) / row.time);
}

LeastSquares fit(const Form& form, const Samples& rows) {
    return fit_least_squares(
        form.start, int(rows.size()),
        [&](Values values, std::span<double> out) {
            const OverlapConstants c = form.constants(only_values(values));
            for (std::size_t i = 0; i < rows.size(); ++i) out[i] = log_error(form, c, rows[i]);
        },
        kHuber);
}

/// log(model / measured) of every row under a fit to the rows of other sites.
std::vector<double> errors_left_out(const Form& form, const Samples& rows) {
    std::vector<std::string> sites;
    for (const KernelSample& row : rows) sites.push_back(site_of(row.op));
    const std::vector<int> fold = folds_of(sites, kFolds);
    std::vector<double> out;
    for (int left_out = 0; left_out < kFolds; ++left_out) {
        Samples others;
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (fold[i] != left_out) others.push_back(rows[i]);
        const OverlapConstants c = form.constants(fit(form, others));
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (fold[i] == left_out) out.push_back(log_error(form, c, rows[i]));
    }
    return out;
}

FamilyFit<OverlapConstants> fitted(const Form& form, const Samples& rows) {
    const LeastSquares all = fit(form, rows);
    Residuals residuals    = residuals_of(all.residuals);
    residuals.factor       = residuals_of(errors_left_out(form, rows)).factor;
    return {form.constants(all), residuals};
}

Form split_form(const GpuSpec& gpu, KvSchedule schedule, KvLayout cache) {
    const bool even       = schedule == KvSchedule::even;
    const Machine machine = machine_of(gpu, cache == KvLayout::bf16 ? Math::bf16 : Math::fp8);
    // launch (us), compute, memory, combine (us), partials, queries; even: stream, cached
    std::vector<Parameter> start{{8, 0.5, 60},  {0.6, 0.1, 0.99}, {0.85, 0.3, 0.99},
                                 {1, 0.05, 10}, {1, 0.05, 20},    {0.4, 0.02, 4}};
    if (even) start.insert(start.end(), {{1.2, 0.3, 4}, {1.3, 0.9, 8}});
    const auto constants = [=](const LeastSquares& f) {
        SplitConstants split{schedule, in_us(plain(f, 3)), plain(f, 4), plain(f, 5), {}};
        if (even) split.stream = plain(f, 6);
        return OverlapConstants{
            in_us(plain(f, 0)), plain(f, 1), plain(f, 2), even ? plain(f, 7) : Fitted<double>{},
            kDecodeTile,        split,       {}};
    };
    return {start, constants, [=, sms = gpu.sm_count](const OverlapConstants& c, const KernelSample& row) {
                const MlaDecode& a = std::get<MlaDecode>(row.op);
                return row.beside + mla_decode_time(c, machine, a, sms, caches_of(row)).time;
            }};
}

Form prompt_form(const GpuSpec& gpu, Format format) {
    const Machine machine = machine_of(gpu, math_of(format));
    // launch (us), compute, pass, imbalance, slowdown, cached
    const std::vector<Parameter> start{{10, 0.5, 60},    {0.6, 0.1, 0.99}, {0.5, 0.02, 4},
                                       {0.5, 0.01, 1.5}, {1.05, 1, 2},     {1.5, 0.02, 20}};
    const auto constants = [=](const LeastSquares& f) {
        return OverlapConstants{in_us(plain(f, 0)),
                                plain(f, 1),
                                {1, 1, 1},
                                plain(f, 5),
                                kPromptTile,
                                {},
                                PromptConstants{plain(f, 2), plain(f, 3), plain(f, 4)}};
    };
    return {start, constants, [=, sms = gpu.sm_count](const OverlapConstants& c, const KernelSample& row) {
                const FlashPrefill& a = std::get<FlashPrefill>(row.op);
                return row.beside + flash_prefill_time(c, machine, a, sms, caches_of(row)).time;
            }};
}

int heads_of(const Op& op) {
    if (const auto* decode = std::get_if<MlaDecode>(&op)) return decode->heads;
    const auto* prompt = std::get_if<FlashPrefill>(&op);
    return prompt ? prompt->heads : 0;
}

}  // namespace

bool shows_cuts(const Samples& samples) {
    std::set<int> heads;
    for (const KernelSample& row : samples) heads.insert(heads_of(row.op));
    return samples.size() >= kWideTable && heads.size() > 1;
}

FamilyFit<OverlapConstants> fit_split_decode(const GpuSpec& gpu, const Samples& samples, KvLayout cache) {
    const auto balanced = fitted(split_form(gpu, KvSchedule::balanced, cache), samples);
    const auto even     = fitted(split_form(gpu, KvSchedule::even, cache), samples);
    return even.residuals.factor < balanced.residuals.factor ? even : balanced;
}

FamilyFit<OverlapConstants> fit_prompts(const GpuSpec& gpu, const Samples& samples, Format format) {
    return fitted(prompt_form(gpu, format), samples);
}

}  // namespace isobath
