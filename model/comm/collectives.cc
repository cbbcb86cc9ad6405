#include "model/comm/collectives.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace isobath {
namespace {

/// Steps between nodes of a tree; an all-reduce goes up and down, a direct exchange takes one.
double network_steps(Collective kind, int domains) {
    if (domains <= 1) return 0;
    if (kind == Collective::all_to_all) return 1;
    return (kind == Collective::all_reduce ? 2 : 1) * std::bit_width(unsigned(domains - 1));
}

/// Bytes through a GPU's own links for each byte of buffer, in a ring over n ranks.
double ring_share(Collective kind, int n) {
    return (kind == Collective::all_reduce ? 2.0 : 1.0) * (n - 1) / n;
}

/// A pipeline of latency L and bandwidth B that cuts its buffer into the best number of pieces takes
/// L + s / B + 2 sqrt(L s / B): the ramp is that of a latency, to which the network adds its own.
double ramp_across(const CurvePoint& point, Collective kind, Seconds network) {
    if (kind == Collective::all_to_all) return point.ramp;
    return std::sqrt(point.ramp * point.ramp + 4 * network.base() / point.bandwidth.base());
}

Seconds ramped(const CurvePoint& point, Bytes buffer, Seconds wires) {
    return point.alpha + wires + Seconds{point.ramp * std::sqrt(buffer.base())};
}

Estimate with_ramp(const CurvePoint& point, Bytes buffer, Seconds wires) {
    return Estimate::within(ramped(point, buffer, wires), point.spread, point.source);
}

/// A ring through every node uses the NICs of all its GPUs in the node together.
Estimate ring(const CollectiveRates& rates, Collective kind, Bytes buffer, CommGroup group) {
    if (group.ranks <= 1) return {Seconds{}, Seconds{}, Seconds{}, Source::fitted};
    const CurvePoint point = point_of(rates, kind, group);
    if (group.domains() == 1)
        return Estimate::within(in_domain(point, kind, buffer, group.ranks), point.spread, point.source);
    const BytesPerSecond nics      = group.per_domain * rates.nic.value;
    const BytesPerSecond bandwidth = group.per_domain > 1 ? std::min(point.bandwidth, nics) : nics;
    return with_ramp(point, buffer, ring_share(kind, group.ranks) * buffer / bandwidth);
}

}  // namespace

namespace {

/// Latency by ranks: every step of a ring adds as much, so it is linear in ranks between fits, below them and
/// up to twice the most ranks that were measured; beyond that, where NCCL turns to trees, in their logarithm.
template <class Alpha>
Seconds alpha_at(const CollectiveRates::Curve& curve, int ranks, const Alpha& alpha) {
    const auto* fits = curve.fits.data();
    int above        = 0;
    while (above < curve.count && fits[above].ranks < ranks) ++above;
    if (curve.count == 1 || (above < curve.count && fits[above].ranks == ranks))
        return alpha(fits[std::min(above, curve.count - 1)]);
    const int i         = std::clamp(above, 1, curve.count - 1);
    const Seconds step  = (alpha(fits[i]) - alpha(fits[i - 1])) / double(fits[i].ranks - fits[i - 1].ranks);
    const double most   = 2 * fits[curve.count - 1].ranks;
    const double linear = std::min<double>(ranks, most) - fits[i].ranks;
    const double trees  = ranks > most ? most / 2 * std::log2(ranks / most) : 0;
    return std::max(0.3 * alpha(fits[0]), alpha(fits[i]) + (linear + trees) * step);
}

}  // namespace

CommGroup packed(int ranks, const ClusterSpec& cluster) {
    return {ranks, std::min(ranks, std::max(1, cluster.nvlink_domain))};
}

CurvePoint at_ranks(const CollectiveRates::Curve& curve, int ranks) {
    if (curve.count == 0) throw std::logic_error("at_ranks: the library has no fit of this collective");
    const auto* fits = curve.fits.data();
    int above        = 0;
    while (above < curve.count && fits[above].ranks < ranks) ++above;
    const bool inside = above < curve.count && (above > 0 || fits[0].ranks == ranks);
    const auto& high  = fits[std::min(above, curve.count - 1)];
    const auto& low   = inside && fits[above].ranks != ranks ? fits[above - 1] : high;
    const double t    = low.ranks == high.ranks
                            ? 0
                            : std::log2(double(ranks) / low.ranks) / std::log2(double(high.ranks) / low.ranks);
    const auto mix    = [t](auto a, auto b) { return a + t * (b - a); };
    const DirectWay direct{alpha_at(curve, ranks, [](const auto& f) { return f.direct.alpha; }),
                           mix(low.direct.bandwidth, high.direct.bandwidth),
                           std::min(low.direct.up_to, high.direct.up_to)};
    return {alpha_at(curve, ranks, [](const auto& f) { return f.alpha; }),
            mix(low.bandwidth, high.bandwidth),
            mix(low.ramp, high.ramp),
            std::max(low.spread, high.spread),
            inside ? curve.source : Source::assumed,
            direct};
}

Seconds in_domain(const CurvePoint& point, Collective kind, Bytes buffer, int ranks) {
    const DirectWay& direct = point.direct;
    const Seconds ring      = ramped(point, buffer, ring_share(kind, ranks) * buffer / point.bandwidth);
    if (!direct.available() || buffer > direct.up_to) return ring;
    return std::min(ring, direct.alpha + (ranks - 1) * buffer / direct.bandwidth);
}

CurvePoint point_of(const CollectiveRates& rates, Collective kind, CommGroup group) {
    const int ranks   = std::max(2, group.per_domain);
    const auto& curve = rates.curves[static_cast<std::size_t>(kind)];
    if (group.domains() <= 1) return at_ranks(curve, ranks);
    const bool own        = kind == Collective::all_reduce && rates.all_reduce_across.count > 0;
    CurvePoint point      = at_ranks(own ? rates.all_reduce_across : curve, ranks);
    const Seconds network = network_steps(kind, group.domains()) * rates.hop;
    point.alpha += network;
    point.ramp   = ramp_across(point, kind, network);
    point.spread = std::max(point.spread, rates.network_spread);
    point.source = Source::assumed;
    return point;
}

Estimate all_reduce(const CollectiveRates& rates, Bytes buffer, CommGroup group) {
    return ring(rates, Collective::all_reduce, buffer, group);
}

Estimate all_gather(const CollectiveRates& rates, Bytes gathered, CommGroup group) {
    return ring(rates, Collective::all_gather, gathered, group);
}

Estimate reduce_scatter(const CollectiveRates& rates, Bytes scattered, CommGroup group) {
    return ring(rates, Collective::reduce_scatter, scattered, group);
}

Estimate all_to_all(const CollectiveRates& rates, Bytes sent, CommGroup group) {
    if (group.ranks <= 1) return {Seconds{}, Seconds{}, Seconds{}, Source::fitted};
    const CurvePoint point = point_of(rates, Collective::all_to_all, group);
    const Bytes share      = sent / group.ranks;
    Seconds wires          = (group.per_domain - 1) * share / point.bandwidth;
    if (group.domains() > 1)
        wires = std::max(wires, (group.ranks - group.per_domain) * share / rates.nic.value);
    return with_ramp(point, sent, wires);
}

Estimate send(const CollectiveRates& rates, Bytes message, bool across) {
    const RateConstant& wire = across ? rates.nic : rates.send_nvlink;
    const Seconds alpha      = rates.send_alpha + (across ? rates.hop : Seconds{});
    return Estimate::within(alpha + message / wire.value,
                            std::max(wire.spread, across ? rates.network_spread : 1), Source::assumed);
}

}  // namespace isobath
