#include "model/comm/comm_rates.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace isobath {
namespace {

constexpr double k80Percent = 1.2816;  // half width of the 80 % interval of a normal, in deviations

/// Source and interval of a constant, given where it was found and how well its section fits.
template <class Q>
Constant<Q> judged(const OnDevice<Q>& found, double spread, const FitResidual& fit) {
    const double residual = 1 + k80Percent * fit.rms;
    if (found.known) return {found.value, Source::fitted, std::max(spread, residual)};
    return {found.value, Source::assumed, std::max({spread, residual, fit.transfer})};
}

class Resolver {
  public:
    Resolver(const ClusterSpec& cluster, const FitResidual& fit) : cluster_(cluster), fit_(fit) {}

    RateConstant nvlink(const CommRate& rate) const {
        return judged(on_device(rate, cluster_.gpu.name, cluster_.gpu.nvlink), rate.spread, fit_);
    }
    RateConstant nic(const CommRate& rate) const {
        return judged(on_device(rate, cluster_.nic.name, cluster_.nic.bandwidth), rate.spread, fit_);
    }
    DelayConstant delay(const CommDelay& delay) const {
        return judged(on_device(delay, cluster_.gpu.name), delay.spread, fit_);
    }

  private:
    const ClusterSpec& cluster_;
    const FitResidual& fit_;
};

ThroughputRates resolve(const ThroughputKernels& kernels, const ClusterSpec& cluster) {
    const Resolver on(cluster, kernels.fit);
    return {.nvlink         = on.nvlink(kernels.nvlink),
            .forwarding     = on.nvlink(kernels.nvlink_forwarding),
            .rdma           = on.nic(kernels.rdma),
            .dispatch_alpha = on.delay(kernels.dispatch_alpha),
            .combine_alpha  = on.delay(kernels.combine_alpha),
            .notify         = kernels.notify,
            .skew_per_token = kernels.skew / kernels.skew_tokens,
            .sms            = kernels.sms};
}

LatencyRates::OwnKernel own_kernel(Seconds time, Bytes bytes, double fixed_share) {
    if (!(bytes > Bytes{})) return {};
    return {fixed_share * time, (1 - fixed_share) * (time / bytes).base()};
}

LatencyRates resolve(const LatencyKernels& kernels, const ClusterSpec& cluster) {
    const Resolver on(cluster, kernels.fit);
    const auto own = [&](Seconds time, Bytes bytes) { return own_kernel(time, bytes, kernels.own_fixed); };
    return {.nvlink        = on.nvlink(kernels.nvlink),
            .rdma          = on.nic(kernels.rdma),
            .nvlink_alpha  = on.delay(kernels.nvlink_alpha),
            .rdma_alpha    = on.delay(kernels.rdma_alpha),
            .mixed_alpha   = on.delay(kernels.mixed_alpha),
            .dispatch_send = own(kernels.dispatch_send, kernels.own_dispatch),
            .dispatch_recv = own(kernels.dispatch_recv, kernels.own_dispatch),
            .combine_send  = own(kernels.combine_send, kernels.own_combine),
            .combine_recv  = own(kernels.combine_recv, kernels.own_combine)};
}

DomainRates resolve(const DomainKernels& kernels, const ClusterSpec& cluster) {
    const Resolver on(cluster, kernels.fit);
    return {.dispatch       = on.nvlink(kernels.dispatch),
            .combine        = on.nvlink(kernels.combine),
            .dispatch_alpha = on.delay(kernels.dispatch_alpha),
            .combine_alpha  = on.delay(kernels.combine_alpha),
            .prepare        = on.delay(kernels.prepare),
            .sms            = kernels.sms};
}

double spread_of(const CollectiveFit& fit) {
    return fit.factor > 0 ? fit.factor : 1 + k80Percent * fit.rms;
}

/// The fits of one collective on one GPU, in order of ranks.
CollectiveRates::Curve curve_of(std::span<const CollectiveFit> fits, Collective kind,
                                const std::string& gpu) {
    CollectiveRates::Curve curve;
    for (const CollectiveFit& fit : fits) {
        if (fit.kind != kind || fit.gpu != gpu || curve.count >= CollectiveRates::kMostFits) continue;
        auto place = static_cast<std::size_t>(curve.count++);
        for (; place > 0 && curve.fits[place - 1].ranks > fit.ranks; --place)
            curve.fits[place] = curve.fits[place - 1];
        curve.fits[place] = {fit.ranks, fit.alpha, fit.bandwidth, fit.ramp, spread_of(fit), fit.direct};
    }
    return curve;
}

const Reference* reference_for(const CollectiveKernels& kernels, const GpuSpec& gpu) {
    for (const Reference& r : kernels.references)
        if (r.architecture.empty() || r.architecture == gpu.architecture) return &r;
    return nullptr;
}

CollectiveRates::Curve resolve_curve(const CollectiveKernels& kernels, std::span<const CollectiveFit> fits,
                                     Collective kind, const GpuSpec& gpu) {
    CollectiveRates::Curve curve = curve_of(fits, kind, gpu.name);
    curve.source                 = Source::fitted;
    if (curve.count > 0) return curve;
    const Reference* reference = reference_for(kernels, gpu);
    if (!reference) return curve;
    curve              = curve_of(fits, kind, reference->gpu);
    curve.source       = Source::assumed;
    const double scale = gpu.nvlink / reference->nvlink;
    for (auto& fit : curve.fits) {
        fit.bandwidth        = scale * fit.bandwidth;
        fit.direct.bandwidth = scale * fit.direct.bandwidth;
        fit.ramp /= std::sqrt(std::max(scale, 1e-9));  // the ramp belongs to the same wires
        fit.spread = std::max(fit.spread, 1.4);        // A100 against H100 scaled: 0.72 (no NVLS)
    }
    return curve;
}

CollectiveRates resolve(const CollectiveKernels& kernels, const ClusterSpec& cluster) {
    FitResidual fit;  // none over nodes; each collective's own stands in its curve
    fit.transfer = kernels.network_spread;
    const Resolver on(cluster, fit);
    CollectiveRates rates{.curves            = {},
                          .all_reduce_across = {},
                          .nic               = on.nic(kernels.nic),
                          .send_nvlink       = on.nvlink(kernels.send_nvlink),
                          .hop               = kernels.hop,
                          .send_alpha        = kernels.send_alpha,
                          .network_spread    = kernels.network_spread,
                          .sms               = kernels.sms};
    for (int kind = 0; kind < kCollectiveCount; ++kind)
        rates.curves[std::size_t(kind)] =
            resolve_curve(kernels, kernels.fits, static_cast<Collective>(kind), cluster.gpu);
    rates.all_reduce_across = resolve_curve(kernels, kernels.across, Collective::all_reduce, cluster.gpu);
    return rates;
}

/// Nothing if no fit of this mode serves the GPU.
std::optional<FittedExchange> fitted_on(const CommFits& fits, bool low_latency, const ClusterSpec& cluster) {
    const auto way = [&](bool combine) {
        return curves_of(fits, low_latency, combine, cluster.gpu, cluster.nic.bandwidth);
    };
    const FittedExchange out{way(false), way(true)};
    if (out.dispatch.one_node.count == 0 || out.combine.one_node.count == 0) return {};
    return out;
}

}  // namespace

CommRates resolve(const CommLibrary& library, const ClusterSpec& cluster) {
    CommRates rates;
    rates.sm_count = cluster.gpu.sm_count;
    if (library.throughput) rates.throughput = resolve(*library.throughput, cluster);
    if (library.latency) rates.latency = resolve(*library.latency, cluster);
    if (library.domain) rates.domain = resolve(*library.domain, cluster);
    if (rates.throughput) rates.throughput->fitted = fitted_on(library.fitted, false, cluster);
    if (rates.latency) rates.latency->fitted = fitted_on(library.fitted, true, cluster);
    if (library.collectives) rates.collectives = resolve(*library.collectives, cluster);
    return rates;
}

}  // namespace isobath
