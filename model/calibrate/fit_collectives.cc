#include "model/calibrate/fit_collectives.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hw/spec_reader.h"
#include "model/calibrate/comm_spread.h"
#include "model/calibrate/least_squares.h"

namespace isobath {
namespace {

using Samples = std::vector<CollectiveSample>;

/// Up to so many bytes TensorRT-LLM keeps buffers that peers may read (getMaxRequiredWorkspaceSize in
/// customAllReduceUtils.h, version 1.2): 16 MB for two ranks, 8 MB for more.
Bytes workspace(int ranks) {
    return (ranks <= 2 ? 16 : 8) * unit::MB;
}

/// The constants of one kind as a flat list in us, GB/s and ns/sqrt(B): bandwidth, ramp and a third one for
/// each number of ranks. The third is alpha, or with a one-shot way the latter's alpha: the ring's own then
/// lies hidden under it and is one for all ranks, as is the one-shot bandwidth; both stand at the end.
struct Layout {
    Collective kind;
    std::string gpu;
    std::vector<int> ranks;
    bool one_shot;

    CollectiveFit fit(std::size_t i, std::span<const double> p) const {
        constexpr auto kRate = unit::GB / unit::s;
        const auto own       = p.subspan(3 * i, 3);
        CollectiveFit fit{.kind      = kind,
                          .gpu       = gpu,
                          .ranks     = ranks[i],
                          .alpha     = (one_shot ? p[p.size() - 2] : own[2]) * unit::us,
                          .bandwidth = own[0] * kRate,
                          .ramp      = own[1] * 1e-9};
        if (one_shot) fit.direct = {own[2] * unit::us, p.back() * kRate, workspace(ranks[i])};
        return fit;
    }

    std::vector<CollectiveFit> fits(std::span<const double> p) const {
        std::vector<CollectiveFit> out;
        for (std::size_t i = 0; i < ranks.size(); ++i) out.push_back(fit(i, p));
        return out;
    }

    std::vector<Parameter> start(const Samples& samples, BytesPerSecond nvlink) const {
        const double nominal = nvlink.in(unit::GB / unit::s);
        std::vector<Parameter> out;
        for (const int n : ranks) {
            double least = 1e9;
            for (const auto& s : samples)
                if (s.ranks == n) least = std::min(least, s.time.in(unit::us));
            out.push_back({0.75 * nominal, 0.05 * nominal, 2 * nominal});
            out.push_back({5, 1e-3, 100});
            out.push_back({least, 0.1, 200});
        }
        if (one_shot) out.push_back({10, 0.1, 200});
        if (one_shot) out.push_back({0.65 * nominal, 0.05 * nominal, nominal});
        return out;
    }
};

Layout layout_of(const Samples& samples, const std::string& gpu, bool one_shot) {
    std::set<int> ranks;
    for (const auto& s : samples) ranks.insert(s.ranks);
    return {samples.front().kind, gpu, {ranks.begin(), ranks.end()}, one_shot};
}

std::vector<CollectiveFit> fit_kind(const Samples& samples, const std::string& gpu, BytesPerSecond nvlink,
                                    bool one_shot) {
    const Layout layout = layout_of(samples, gpu, one_shot);
    const auto start    = layout.start(samples, nvlink);
    const auto solved =
        fit_least_squares(start, int(samples.size()), [&](std::span<const double> p, std::span<double> out) {
            const auto fits = layout.fits(p);
            for (std::size_t i = 0; i < samples.size(); ++i)
                out[i] = std::log(predicted(fits, samples[i]).time / samples[i].time);
        });
    return layout.fits(solved.values);
}

}  // namespace

Estimate predicted(std::span<const CollectiveFit> fits, const CollectiveSample& sample) {
    CollectiveRates::Curve curve;
    for (const CollectiveFit& fit : fits)
        if (fit.kind == sample.kind && curve.count < CollectiveRates::kMostFits)
            curve.fits[std::size_t(curve.count++)] = {fit.ranks, fit.alpha,  fit.bandwidth,
                                                      fit.ramp,  fit.factor, fit.direct};
    const CurvePoint point = at_ranks(curve, sample.ranks);
    return Estimate::within(in_domain(point, sample.kind, sample.buffer, sample.ranks),
                            std::max(1.0, point.spread), Source::fitted);
}

std::vector<CollectiveFit> fit_collectives(std::span<const CollectiveSample> samples, const std::string& gpu,
                                           BytesPerSecond nvlink, bool one_shot) {
    std::vector<CollectiveFit> all;
    for (int kind = 0; kind < kCollectiveCount; ++kind) {
        Samples own;
        for (const auto& s : samples)
            if (s.kind == static_cast<Collective>(kind)) own.push_back(s);
        if (own.empty()) continue;
        const auto fit      = [&](const Samples& rows) { return fit_kind(rows, gpu, nvlink, one_shot); };
        auto fits           = fit(own);
        const double factor = factor_unseen(own, [&](const Samples& rows) {
            return [fits = fit(rows)](const CollectiveSample& s) { return predicted(fits, s).time; };
        });
        for (CollectiveFit& each : fits) each.factor = factor;
        all.insert(all.end(), fits.begin(), fits.end());
    }
    return all;
}

}  // namespace isobath
