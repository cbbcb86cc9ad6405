#include "model/calibrate/fit_moe.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "model/calibrate/least_squares.h"
#include "model/forms_moe.h"

namespace isobath {
namespace {

constexpr double kTogether = 0.1;  ///< weight of a factor e between neighbouring shares of peak, per 50 rows
constexpr double kHuber    = 0.1;  ///< these tables are rougher than others

constexpr double kMost = 0.98;  ///< of peak

/// launch, per expert, per active expert (us), share of bandwidth, bytes per element of token and row, how
/// much more of peak 4 rows reach than 32, shares of peak at 32 and 256 rows. Nothing reads HBM faster than
/// 0.97 of the data sheet. With 32 rows or fewer an expert fills one tile, and that takes no less time for
/// fewer rows: the share at 4 is never below the one at 32.
constexpr Parameter kStart[] = {{20, 0.5, 150},   {0.2, 1e-4, 2},     {0.1, 1e-4, 3},
                                {0.8, 0.1, 0.97}, {5, 0.1, 100},      {20, 0.1, 400},
                                {1.5, 1, 30},     {0.5, 0.01, kMost}, {0.5, 0.01, kMost}};
constexpr std::size_t kFree = std::size(kStart), kShares = kFree - 3;

template <class T>
Fitted<T> known(T value) {
    return {value, value, value};
}

MoeConstants constants_of(std::span<const double> p) {
    using unit::us;
    MoeConstants c{
        known(p[0] * us), known(p[1] * us), known(p[2] * us), known(p[3]), known(p[4]), known(p[5]), {}};
    c.compute = {known(std::min(kMost, p[kShares] * p[kShares + 1])), known(p[kShares + 1]),
                 known(p[kShares + 2])};
    return c;
}

MoeConstants constants_of(const LeastSquares& fit) {
    MoeConstants c         = constants_of(fit.values);
    const MoeConstants low = constants_of(fit.low), high = constants_of(fit.high);
    const auto widen = [](auto& one, const auto& from, const auto& to) {
        one.low  = from.value;
        one.high = to.value;
    };
    widen(c.launch, low.launch, high.launch);
    widen(c.per_expert, low.per_expert, high.per_expert);
    widen(c.per_active, low.per_active, high.per_active);
    widen(c.memory, low.memory, high.memory);
    widen(c.token_bytes, low.token_bytes, high.token_bytes);
    widen(c.row_bytes, low.row_bytes, high.row_bytes);
    for (std::size_t i = 0; i < c.compute.size(); ++i) widen(c.compute[i], low.compute[i], high.compute[i]);
    return c;
}

Seconds form_of(const GpuSpec& gpu, const MoeConstants& c, const KernelSample& sample) {
    const FusedMoe& shape = std::get<FusedMoe>(sample.op);
    return fused_moe_time(c, machine_of(gpu, math_of(shape.format)), shape, gpu.sm_count).time;
}

Seconds total(const GpuSpec& gpu, const MoeConstants& c, const Samples& samples) {
    Seconds sum;
    for (const KernelSample& sample : samples) sum += form_of(gpu, c, sample);
    return sum;
}

}  // namespace

FamilyFit<MoeConstants> fit_fused_moe(const GpuSpec& gpu, const Samples& samples) {
    const std::size_t n   = samples.size();
    const double together = kTogether * std::sqrt(double(n) / 50);
    const auto model      = [&](std::span<const double> p, std::span<double> out) {
        const MoeConstants c = constants_of(p);
        for (std::size_t i = 0; i < n; ++i) out[i] = std::log(form_of(gpu, c, samples[i]) / samples[i].time);
        for (std::size_t i = 0; i < 2; ++i)
            out[n + i] = together * std::log(c.compute[i + 1].value / c.compute[i].value);
    };
    const LeastSquares fit = fit_least_squares(kStart, int(n) + 2, model, kHuber);
    const double spare     = std::max(1.0, double(n) - double(kFree));
    return {constants_of(fit), residuals_of(std::span(fit.residuals).first(n), std::sqrt(double(n) / spare))};
}

const Implementation<MoeConstants>& quickest(const GpuSpec& gpu, const KernelFamily<MoeConstants>& family,
                                             const Samples& samples) {
    return *std::min_element(family.implementations.begin(), family.implementations.end(),
                             [&](const auto& a, const auto& b) {
                                 return total(gpu, a.constants, samples) < total(gpu, b.constants, samples);
                             });
}

}  // namespace isobath
