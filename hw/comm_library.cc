#include "hw/comm_library.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace isobath {
namespace {

template <class Q>
std::map<std::string, Q> read_devices(SpecReader& in) {
    std::map<std::string, Q> on;
    if (!in.has("on")) return on;
    SpecReader devices = in.object("on");
    devices.each_key([&](const std::string& name) { on[name] = devices.quantity<Q>(name); });
    devices.finish();
    return on;
}

CommRate read_rate(SpecReader in) {
    CommRate rate;
    rate.on         = read_devices<BytesPerSecond>(in);
    rate.of_nominal = in.number("of_nominal", 1e-3, 2);
    rate.spread     = in.number_or("spread", 1, 1, 10);
    rate.source     = in.text("source");
    in.finish();
    return rate;
}

CommDelay read_delay(SpecReader in) {
    CommDelay delay;
    delay.on        = read_devices<Seconds>(in);
    delay.otherwise = in.quantity<Seconds>("otherwise");
    delay.spread    = in.number_or("spread", 1, 1, 10);
    delay.source    = in.text("source");
    in.finish();
    return delay;
}

FitResidual read_fit(SpecReader in) {
    FitResidual fit;
    fit.rows     = in.integer("rows");
    fit.rms      = in.number("rms", 0, 1);
    fit.max      = in.number("max", 0, 2);
    fit.transfer = in.number("transfer", 1, 10);
    fit.source   = in.text("source");
    in.finish();
    return fit;
}

WireOverhead read_wire(SpecReader in) {
    const WireOverhead wire{in.integer("fixed"), in.integer_or("per_choice", 0),
                            in.integer_or("align", 1, 1)};
    in.finish();
    return wire;
}

void read_wires(SpecReader& in, WireOverhead& dispatch, WireOverhead& combine) {
    dispatch = read_wire(in.object("dispatch_wire"));
    combine  = read_wire(in.object("combine_wire"));
}

void read_barrier(SpecReader in, ThroughputKernels& kernels) {
    kernels.notify         = in.quantity<Seconds>("notify");
    kernels.skew           = in.quantity<Seconds>("skew");
    kernels.skew_tokens    = in.number("at_tokens", 1);
    kernels.barrier_source = in.text("source");
    in.finish();
}

ThroughputKernels read_throughput(SpecReader in) {
    ThroughputKernels kernels;
    kernels.nvlink            = read_rate(in.object("nvlink"));
    kernels.nvlink_forwarding = read_rate(in.object("nvlink_forwarding"));
    kernels.rdma              = read_rate(in.object("rdma"));
    kernels.dispatch_alpha    = read_delay(in.object("dispatch_alpha"));
    kernels.combine_alpha     = read_delay(in.object("combine_alpha"));
    read_wires(in, kernels.dispatch_wire, kernels.combine_wire);
    kernels.sms = in.integer("sms", 0, 1000);
    read_barrier(in.object("barrier"), kernels);
    kernels.fit = read_fit(in.object("fit"));
    in.finish();
    return kernels;
}

void read_own_kernels(SpecReader in, LatencyKernels& kernels) {
    kernels.dispatch_send = in.quantity<Seconds>("dispatch_send");
    kernels.dispatch_recv = in.quantity<Seconds>("dispatch_recv");
    kernels.combine_send  = in.quantity<Seconds>("combine_send");
    kernels.combine_recv  = in.quantity<Seconds>("combine_recv");
    kernels.own_dispatch  = in.quantity<Bytes>("dispatched");
    kernels.own_combine   = in.quantity<Bytes>("combined");
    kernels.own_fixed     = in.number("fixed_share", 0, 1);
    kernels.own_source    = in.text("source");
    in.finish();
    if (!(kernels.own_dispatch > Bytes{})) in.fail("dispatched", "expected more than 0");
    if (!(kernels.own_combine > Bytes{})) in.fail("combined", "expected more than 0");
}

LatencyKernels read_latency(SpecReader in) {
    LatencyKernels kernels;
    kernels.nvlink       = read_rate(in.object("nvlink"));
    kernels.rdma         = read_rate(in.object("rdma"));
    kernels.nvlink_alpha = read_delay(in.object("nvlink_alpha"));
    kernels.rdma_alpha   = read_delay(in.object("rdma_alpha"));
    kernels.mixed_alpha  = read_delay(in.object("mixed_alpha"));
    kernels.over_nvlink  = in.flag_or("over_nvlink", true);
    kernels.even         = in.flag_or("even", false);
    read_wires(in, kernels.dispatch_wire, kernels.combine_wire);
    if (in.has("own_kernels")) read_own_kernels(in.object("own_kernels"), kernels);
    kernels.fit = read_fit(in.object("fit"));
    in.finish();
    return kernels;
}

DomainKernels read_domain(SpecReader in) {
    DomainKernels kernels;
    kernels.dispatch       = read_rate(in.object("dispatch"));
    kernels.combine        = read_rate(in.object("combine"));
    kernels.dispatch_alpha = read_delay(in.object("dispatch_alpha"));
    kernels.combine_alpha  = read_delay(in.object("combine_alpha"));
    kernels.prepare        = read_delay(in.object("prepare"));
    read_wires(in, kernels.dispatch_wire, kernels.combine_wire);
    kernels.sms = in.integer("sms", 0, 1000);
    kernels.fit = read_fit(in.object("fit"));
    in.finish();
    return kernels;
}

CollectiveKernels read_collectives(SpecReader in, const DataFiles& data) {
    CollectiveKernels kernels;
    in.each("fits", [&](SpecReader& row) {
        kernels.fits.push_back(read_collective_fit(row));
        row.finish();
    });
    in.each("references", [&](SpecReader& row) {
        kernels.references.push_back(read_reference(row, data));
        row.finish();
    });
    kernels.nic            = read_rate(in.object("nic"));
    kernels.hop            = in.quantity<Seconds>("hop");
    kernels.send_alpha     = in.quantity<Seconds>("send_alpha");
    kernels.send_nvlink    = read_rate(in.object("send_nvlink"));
    kernels.sms            = in.integer("sms", 0, 1000);
    kernels.network_spread = in.number("network_spread", 1, 10);
    kernels.source         = in.text("source");
    in.finish();
    return kernels;
}

bool same_use(const CollectiveFit& a, const CollectiveFit& b) {
    return a.kind == b.kind && a.gpu == b.gpu;
}

bool same_use(const ExchangeFit& a, const ExchangeFit& b) {
    return a.low_latency == b.low_latency && a.gpu == b.gpu && (a.nodes > 1) == (b.nodes > 1);
}

/// Adds to `own` what `base` has and `own` has none of.
template <class Fit>
void add_missing(std::vector<Fit>& own, const std::vector<Fit>& base) {
    const std::vector<Fit> fits = own;
    for (const Fit& fit : base)
        if (std::none_of(fits.begin(), fits.end(), [&](const Fit& o) { return same_use(o, fit); }))
            own.push_back(fit);
}

void put_first(CommLibrary& library, CommFits fitted) {
    std::vector<CollectiveFit> collectives = fitted.collectives;
    if (library.collectives) {
        if (std::any_of(collectives.begin(), collectives.end(),
                        [](const CollectiveFit& fit) { return fit.direct.available(); }))
            library.collectives->across = library.collectives->fits;
        add_missing(collectives, library.collectives->fits);
        if (!fitted.collectives.empty()) library.collectives->source = fitted.source;
        library.collectives->fits = std::move(collectives);
    }
    add_missing(fitted.exchanges, library.fitted.exchanges);
    library.fitted = std::move(fitted);
}

void read_sections(CommLibrary& library, SpecReader& in, const DataFiles& data) {
    if (in.has("throughput")) library.throughput = read_throughput(in.object("throughput"));
    if (in.has("latency")) library.latency = read_latency(in.object("latency"));
    if (in.has("domain")) library.domain = read_domain(in.object("domain"));
    if (in.has("collectives")) {
        CollectiveKernels own = read_collectives(in.object("collectives"), data);
        if (library.collectives) add_missing(own.fits, library.collectives->fits);
        library.collectives = std::move(own);
    }
    if (in.has("fitted")) put_first(library, read_comm_fits(in.object("fitted"), data));
}

CommLibrary read_library(const DataFiles& data, const std::string& name, int depth) {
    const std::string file    = data.shown("scenarios/comm/" + name + ".json");
    const nlohmann::json json = load_preset(data, "scenarios/comm", name, "comm", "/");
    SpecReader in(json, file);
    CommLibrary library;
    if (in.has("extends")) {
        if (depth > 8) in.fail("extends", "presets extend each other in a circle");
        library = read_library(data, in.text("extends"), depth + 1);
    }
    library.name  = name;
    library.title = in.text("title");
    read_sections(library, in, data);
    in.finish();
    return library;
}

}  // namespace

CommLibrary load_comm_library(const DataFiles& data, const std::string& name) {
    return read_library(data, name, 0);
}

OnDevice<BytesPerSecond> on_device(const CommRate& rate, const std::string& device, BytesPerSecond nominal) {
    const auto found = rate.on.find(device);
    if (found != rate.on.end()) return {found->second, true};
    return {rate.of_nominal * nominal, false};
}

OnDevice<Seconds> on_device(const CommDelay& delay, const std::string& device) {
    const auto found = delay.on.find(device);
    if (found != delay.on.end()) return {found->second, true};
    return {delay.otherwise, false};
}

}  // namespace isobath
