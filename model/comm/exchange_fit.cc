#include "model/comm/exchange_fit.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

/// SMs and ports overlap but for a little of the shorter one: 2 % by the rows where both take as long.
constexpr double kStreamVisible = 0.02;
/// 80 % factor of constants that another GPU lends (as FitResidual::transfer).
constexpr double kBorrowed = 1.25;

Seconds through(Bytes bytes, BytesPerSecond rate) {
    return bytes > Bytes{} && rate > BytesPerSecond{} ? bytes / rate : Seconds{};
}

void insert(ExchangeCurve& curve, const ExchangeCurve::Point& point) {
    if (curve.count >= ExchangeCurve::kMostPoints) return;
    auto place = static_cast<std::size_t>(curve.count++);
    for (; place > 0 && curve.points[place - 1].nodes > point.nodes; --place)
        curve.points[place] = curve.points[place - 1];
    curve.points[place] = point;
}

struct Wanted {
    const CommFits& fits;
    bool low_latency, combine, all;

    ExchangeCurve curve(const std::string& gpu, bool across) const {
        ExchangeCurve out;
        for (const ExchangeFit& f : fits.exchanges)
            if (f.low_latency == low_latency && f.combine == combine && f.gpu == gpu &&
                (f.nodes > 1) == across && (all || !f.own_cluster_only))
                insert(out, {f.nodes, f.constants, f.factor});
        out.source = Source::fitted;
        return out;
    }
};

/// NVLink scales with its nominal rate, SMs copy as fast as they did.
void scale(ExchangeCurve& curve, double nvlink, double nic) {
    for (auto& point : curve.points) {
        point.constants.nvlink = nvlink * point.constants.nvlink;
        point.constants.rdma   = nic * point.constants.rdma;
    }
}

/// The curve of the first reference that has one, for a GPU that has none.
ExchangeCurve borrowed(const Wanted& wanted, const GpuSpec& gpu, double nic, bool across) {
    for (const Reference& r : wanted.fits.references) {
        if (!r.architecture.empty() && r.architecture != gpu.architecture) continue;
        ExchangeCurve curve = wanted.curve(r.gpu, across);
        if (curve.count == 0) continue;
        scale(curve, gpu.nvlink / r.nvlink, nic);
        for (auto& point : curve.points) point.factor = std::max(point.factor, kBorrowed);
        curve.source = Source::assumed;
        return curve;
    }
    return {};
}

ExchangeCurve curve_on(const Wanted& wanted, const GpuSpec& gpu, BytesPerSecond nic, bool across) {
    const bool known       = nic > BytesPerSecond{} && wanted.fits.nic_bandwidth > BytesPerSecond{};
    const double nic_scale = known ? nic / wanted.fits.nic_bandwidth : 1;
    ExchangeCurve curve    = wanted.curve(gpu.name, across);
    if (curve.count == 0) return borrowed(wanted, gpu, nic_scale, across);
    scale(curve, 1, nic_scale);
    if (nic_scale != 1 && across) curve.source = Source::assumed;
    return curve;
}

ExchangeConstants mixed(const ExchangeConstants& a, const ExchangeConstants& b, double t) {
    const auto mix = [t](auto x, auto y) { return x + t * (y - x); };
    return {mix(a.alpha, b.alpha),    mix(a.per_sm, b.per_sm), mix(a.nvlink, b.nvlink),
            mix(a.rdma, b.rdma),      mix(a.fill, b.fill),     mix(a.fill_tokens, b.fill_tokens),
            mix(a.visible, b.visible)};
}

}  // namespace

Seconds side_by_side(Seconds a, Seconds b, double visible) {
    const double x = a.base(), y = b.base();
    return Seconds{(x + y + std::sqrt((x - y) * (x - y) + 4 * visible * x * y)) / 2};
}

Seconds time_of(const ExchangeConstants& c, const ExchangeLoad& load) {
    const Seconds ports = std::max(through(load.nvlink, c.nvlink), through(load.rdma, c.rdma));
    if (!(c.per_sm > BytesPerSecond{})) return side_by_side(c.alpha, ports, c.visible);
    const Seconds copies   = through(load.copied, load.sms * c.per_sm);
    const double pipelines = c.fill_tokens * load.sms / 2;
    const Seconds fill     = load.tokens > 0 ? load.tokens / (load.tokens + pipelines) * c.fill : Seconds{};
    return c.alpha + side_by_side(copies, ports, kStreamVisible) + fill;
}

ExchangeCurve::Point at_nodes(const ExchangeCurve& curve, int nodes) {
    int above = 0;
    while (above < curve.count && curve.points[std::size_t(above)].nodes < nodes) ++above;
    const auto& high = curve.points[std::size_t(std::min(above, std::max(0, curve.count - 1)))];
    if (above == 0 || above == curve.count || high.nodes == nodes) return high;
    const auto& low = curve.points[std::size_t(above - 1)];
    const double t  = std::log2(double(nodes) / low.nodes) / std::log2(double(high.nodes) / low.nodes);
    return {nodes, mixed(low.constants, high.constants, t), std::max(low.factor, high.factor)};
}

ExchangeCurves curves_of(const CommFits& fits, bool low_latency, bool combine, const GpuSpec& gpu,
                         BytesPerSecond nic, bool all) {
    const Wanted wanted{fits, low_latency, combine, all};
    return {curve_on(wanted, gpu, nic, false), curve_on(wanted, gpu, nic, true)};
}

}  // namespace isobath
