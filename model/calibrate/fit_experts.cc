#include "model/calibrate/fit_experts.h"

#include <cmath>

#include "model/calibrate/least_squares.h"
#include "model/kernel_forms.h"

namespace isobath {
namespace {

constexpr double kHuber       = 0.1;   ///< rows draw their loads at random
constexpr double kTile        = 0.01;  ///< us; next to nothing
constexpr double kSmallLaunch = 2.27;  ///< us; calibration h800, streaming: small kernels of published traces

/// launch (us), share of bandwidth of small kernels; then per layout: step (us), share of peak, of bandwidth
enum : std::size_t { kLaunch, kSmall, kMasked, kContiguous = kMasked + 3, kCount = kContiguous + 3 };
constexpr Parameter kStart[kCount] = {{3, 0.05, 15},    {0.6, 0.1, 0.97}, {0.05, 0.0005, 0.6},
                                      {0.7, 0.1, 0.99}, {0.7, 0.3, 0.97}, {0.05, 0.0005, 0.6},
                                      {0.7, 0.1, 0.99}, {0.7, 0.3, 0.97}};

template <class T>
Fitted<T> known(T value) {
    return {value, value, value};
}

struct Constants {
    GemmConstants masked, contiguous;
    OverlapConstants small;
};

GemmConstants products(std::span<const double> p, std::size_t at, int max_tile_n) {
    return {known(p[kLaunch] * unit::us),
            known(kTile * unit::us),
            known(p[at] * unit::us),
            known(p[at + 1]),
            known(p[at + 2]),
            max_tile_n};
}

Constants constants_of(std::span<const double> p, int max_tile_n) {
    return {products(p, kMasked, max_tile_n),
            products(p, kContiguous, max_tile_n),
            {known(kSmallLaunch * unit::us), known(1.0), known(p[kSmall]), {}, 1}};
}

void widen(const LeastSquares& fit, std::size_t at, GemmConstants& c) {
    const auto set = [&](auto& one, std::size_t i, auto unit) {
        one.low  = fit.low[i] * unit;
        one.high = fit.high[i] * unit;
    };
    set(c.launch, kLaunch, unit::us);
    set(c.step, at, unit::us);
    set(c.compute, at + 1, 1.0);
    set(c.memory, at + 2, 1.0);
}

struct Timer {
    const GpuSpec& gpu;
    const Constants& c;

    Seconds operator()(const GroupedGemm& g) const {
        const auto& own = g.layout == GroupedLayout::masked ? c.masked : c.contiguous;
        return grouped_gemm_time(own, machine_of(gpu, math_of(g.format)), g, gpu.sm_count).time;
    }
    Seconds operator()(const Streaming& s) const {
        return c.small.launch.value + s.bytes / (gpu.hbm_bandwidth * c.small.memory.value);
    }
    template <class Other>
    Seconds operator()(const Other&) const {
        return {};
    }
    Seconds of(const KernelSample& sample) const {
        Seconds sum = std::visit(*this, sample.op);
        for (const Op& op : sample.then) sum += std::visit(*this, op);
        return sum;
    }
};

}  // namespace

ExpertsFit fit_exchanged_experts(const GpuSpec& gpu, const Samples& masked, const Samples& contiguous,
                                 int max_tile_n) {
    std::vector<Parameter> start(std::begin(kStart), std::end(kStart));
    const auto hold = [&](std::size_t from) {
        for (std::size_t i = from; i < from + 3; ++i) start[i].low = start[i].high = start[i].start;
    };
    if (masked.empty()) hold(kMasked);
    if (contiguous.empty()) hold(kContiguous);
    const auto model = [&](std::span<const double> p, std::span<double> out) {
        const Constants c = constants_of(p, max_tile_n);
        const Timer time{gpu, c};
        std::size_t row = 0;
        for (const Samples* samples : {&masked, &contiguous})
            for (const KernelSample& s : *samples) out[row++] = std::log(time.of(s) / s.time);
    };
    const std::size_t rows = masked.size() + contiguous.size();
    const LeastSquares fit = fit_least_squares(start, int(rows), model, kHuber);
    const double spare     = std::max(1.0, double(rows) - double(kCount));
    const auto errors = [&, wide = std::sqrt(double(rows) / spare)](std::size_t from, std::size_t count) {
        return residuals_of(std::span(fit.residuals).subspan(from, count), wide);
    };
    Constants c = constants_of(fit.values, max_tile_n);
    widen(fit, kMasked, c.masked);
    widen(fit, kContiguous, c.contiguous);
    return {{c.masked, errors(0, masked.size())},
            {c.contiguous, errors(masked.size(), contiguous.size())},
            {c.small, errors(0, rows)}};
}

}  // namespace isobath
