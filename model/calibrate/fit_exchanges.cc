#include "model/calibrate/fit_exchanges.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "model/calibrate/comm_spread.h"
#include "model/calibrate/least_squares.h"

namespace isobath {
namespace {

using Samples = std::vector<ExchangeSample>;

constexpr auto kRate = unit::GB / unit::s;
/// Normal kernels over more nodes than this run at less than half of the NIC in the table, where every other
/// publication and the table's own low-latency rows reach 90 %.
constexpr int kMostTrusted = 4;

/// The constants of one mode and way over one node, or over several, as a flat list.
struct Form {
    bool low_latency, combine, across;
    std::vector<int> nodes;
    std::string gpu;
    double nvlink, nic;     ///< nominal, GB/s
    double forwarding = 0;  ///< across: NVLink's rate as found on one node

    bool own_rate(int n) const { return across && !low_latency && n > kMostTrusted; }
    std::size_t shared() const { return low_latency ? 2 : 4; }

    // Shared: port rate and what shows of it (low latency), or port rate, SM rate, fill, its tokens (normal).
    // Then for each number of nodes: alpha and, above four nodes, the NIC's rate.
    std::vector<Parameter> start(const Samples& samples) const {
        const double port = across ? nic : nvlink;
        std::vector<Parameter> out{{0.8 * port, 0.1 * port, port}};
        if (low_latency) out.push_back({0.6, 1e-3, 1});
        if (!low_latency) out.insert(out.end(), {{18, 2, 200}, {20, 0.1, 300}, {30, 1, 1000}});
        for (const int n : nodes) {
            double least = 1e9;
            for (const auto& s : samples)
                if (s.nodes == n) least = std::min(least, s.time.in(unit::us));
            out.push_back({least, 0.1, 500});
            if (own_rate(n)) out.push_back({0.6 * port, 0.1 * port, port});
        }
        return out;
    }

    ExchangeConstants constants(std::span<const double> p, double alpha, double port) const {
        ExchangeConstants c;
        c.alpha  = alpha * unit::us;
        c.nvlink = (across ? forwarding : port) * kRate;
        if (across) c.rdma = port * kRate;
        if (low_latency) {
            c.visible = p[1];
            return c;
        }
        c.per_sm      = p[1] * kRate;
        c.fill        = p[2] * unit::us;
        c.fill_tokens = p[3];
        return c;
    }

    std::vector<ExchangeFit> fits(std::span<const double> p) const {
        std::vector<ExchangeFit> out;
        std::size_t at = shared();
        for (const int n : nodes) {
            const double alpha = p[at++], port = own_rate(n) ? p[at++] : p[0];
            out.push_back({.low_latency      = low_latency,
                           .combine          = combine,
                           .gpu              = gpu,
                           .nodes            = n,
                           .constants        = constants(p, alpha, port),
                           .own_cluster_only = own_rate(n)});
        }
        return out;
    }
};

ExchangeCurve curve_of(std::span<const ExchangeFit> fits) {
    ExchangeCurve curve;
    for (const ExchangeFit& fit : fits)
        if (curve.count < ExchangeCurve::kMostPoints)
            curve.points[std::size_t(curve.count++)] = {fit.nodes, fit.constants, fit.factor};
    return curve;
}

std::vector<ExchangeFit> fit_form(const Form& form, const Samples& samples) {
    const auto solved = fit_least_squares(
        form.start(samples), int(samples.size()), [&](std::span<const double> p, std::span<double> out) {
            const ExchangeCurve curve = curve_of(form.fits(p));
            for (std::size_t i = 0; i < samples.size(); ++i) {
                const auto& s = samples[i];
                out[i]        = std::log(time_of(at_nodes(curve, s.nodes).constants, s.load) / s.time);
            }
        });
    return form.fits(solved.values);
}

/// Numbers of nodes by growing size, of the rows that are there.
void find_nodes(Form& form, const Samples& samples) {
    std::set<int> nodes;
    for (const auto& s : samples) nodes.insert(s.nodes);
    form.nodes.assign(nodes.begin(), nodes.end());
}

std::vector<ExchangeFit> fit_with_factor(Form form, const Samples& samples) {
    find_nodes(form, samples);
    std::vector<ExchangeFit> fits = fit_form(form, samples);
    const double factor           = factor_unseen(samples, [&](const Samples& rows) {
        Form part = form;
        find_nodes(part, rows);
        return [curve = curve_of(fit_form(part, rows))](const ExchangeSample& s) {
            return time_of(at_nodes(curve, s.nodes).constants, s.load);
        };
    });
    for (ExchangeFit& fit : fits) fit.factor = factor;
    return fits;
}

Samples part_of(std::span<const ExchangeSample> samples, const Form& form) {
    Samples out;
    for (const auto& s : samples)
        if (s.low_latency == form.low_latency && s.combine == form.combine && (s.nodes > 1) == form.across)
            out.push_back(s);
    return out;
}

}  // namespace

std::vector<ExchangeFit> fit_exchanges(std::span<const ExchangeSample> samples, const GpuSpec& gpu,
                                       const NicSpec& nic) {
    std::vector<ExchangeFit> all;
    for (const bool low_latency : {false, true})
        for (const bool combine : {false, true}) {
            Form form{.low_latency = low_latency,
                      .combine     = combine,
                      .across      = false,
                      .nodes       = {},
                      .gpu         = gpu.name,
                      .nvlink      = gpu.nvlink.in(kRate),
                      .nic         = nic.bandwidth.in(kRate)};
            form.forwarding = form.nvlink;
            for (const bool across : {false, true}) {
                form.across    = across;
                const auto own = part_of(samples, form);
                if (own.empty()) continue;
                const auto fits = fit_with_factor(form, own);
                if (!across) form.forwarding = fits.front().constants.nvlink.in(kRate);
                all.insert(all.end(), fits.begin(), fits.end());
            }
        }
    return all;
}

Estimate predicted(const CommFits& fits, const GpuSpec& gpu, const NicSpec& nic, const ExchangeSample& sample,
                   bool all) {
    const ExchangeCurves curves =
        curves_of(fits, sample.low_latency, sample.combine, gpu, nic.bandwidth, all);
    const auto point = at_nodes(curves.over(sample.nodes), sample.nodes);
    return Estimate::within(time_of(point.constants, sample.load), point.factor, Source::fitted);
}

}  // namespace isobath
