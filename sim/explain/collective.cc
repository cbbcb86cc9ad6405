#include "sim/explain/collective.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isobath {
namespace {

constexpr const char* kEquation = "t = alpha + share * buffer / bandwidth + ramp * sqrt(buffer)";

void add_one_shot(const DirectWay& direct, Bytes buffer, CommGroup group, const std::string& from,
                  Explanation& e) {
    e.equation.push_back("Or in one shot, every rank reading every other's buffer: the faster way is taken.");
    e.inputs.push_back(known("one-shot alpha", direct.alpha, from));
    e.inputs.push_back(known("one-shot bandwidth", direct.bandwidth, from));
    e.steps.push_back(known("in one shot", direct.alpha + (group.ranks - 1) * buffer / direct.bandwidth,
                            "one-shot alpha + (n - 1) * buffer / one-shot bandwidth"));
}

}  // namespace

void add_ring(const Study& study, Collective kind, Bytes buffer, CommGroup group, Explanation& e) {
    const CollectiveRates& rates = *study.model.rates().collectives;
    const CurvePoint point       = point_of(rates, kind, group);
    const std::string from       = "collectives: " + study.model.library().collectives->source;
    const double share = (kind == Collective::all_reduce ? 2.0 : 1.0) * (group.ranks - 1) / group.ranks;
    e.equation         = {
                kEquation,
                "In words: a floor that grows with the group, the ring's share of the buffer over a GPU's links,",
                "and the ramp of NCCL's pipeline; across nodes every step of the tree adds a latency."};
    e.inputs.push_back(
        known("ranks", group.ranks, "",
              fmt::format("in {} NVLink domain{}", group.domains(), group.domains() > 1 ? "s" : "")));
    const auto spread = [&](Known k) { return between(k, k.value / point.spread, k.value * point.spread); };
    e.inputs.push_back(spread(known("alpha", point.alpha, from)));
    e.inputs.push_back(spread(known("bandwidth", point.bandwidth, from)));
    e.inputs.push_back(spread(known("ramp", 1e9 * point.ramp, "ns/sqrt(B)", from)));
    BytesPerSecond bandwidth = point.bandwidth;
    if (group.domains() > 1) {
        const BytesPerSecond nics = group.per_domain * rates.nic.value;
        bandwidth                 = group.per_domain > 1 ? std::min(bandwidth, nics) : nics;
        e.inputs.push_back(known("NIC rate", rates.nic.value, from));
        e.steps.push_back(known("bandwidth", bandwidth, "the slower of NVLink and all NICs of a node"));
    }
    e.steps.push_back(known("buffer", buffer, "over the whole group"));
    e.steps.push_back(
        known("ring's share", share, "", kind == Collective::all_reduce ? "2 (n - 1) / n" : "(n - 1) / n"));
    if (point.direct.available() && group.domains() == 1 && buffer <= point.direct.up_to)
        add_one_shot(point.direct, buffer, group, from, e);
    const Seconds wires = share * buffer / bandwidth, ramp{point.ramp * std::sqrt(buffer.base())};
    e.steps.push_back(known("on the wires", wires, "share * buffer / bandwidth"));
    e.steps.push_back(known("ramp", ramp, "ramp * sqrt(buffer)"));
    const Seconds ring = point.alpha + wires + ramp;
    const Seconds time = group.domains() == 1 ? in_domain(point, kind, buffer, group.ranks) : ring;
    if (time < ring) e.steps.push_back(known("by the ring", ring, kEquation));
    e.steps.push_back(known("time", time, time < ring ? "one shot is the faster way" : kEquation));
}

Explanation explain_all_reduce(const Study& study, const std::string& name) {
    const Scenario& s     = study.scenario();
    const Layout& l       = s.layout;
    const bool attention  = name == "attention_all_reduce";
    const int ranks       = attention ? l.attention_tp * l.attention_cp : l.ep * l.expert_tp;
    const Bytes buffer    = 2 * study.batch().tokens * s.model.hidden_size * unit::B;
    const CommGroup group = packed(ranks, s.cluster);
    Explanation e{.op    = name,
                  .title = attention ? "the ranks that split heads sum their outputs"
                                     : "the ranks that split the experts sum their outputs"};
    add_tokens(study, e);
    e.inputs.push_back(known("hidden", s.model.hidden_size, "", "model hidden_size"));
    e.inputs.push_back(named("library", study.model.library().name, field("/layout/comm_library")));
    add_ring(study, Collective::all_reduce, buffer, group, e);
    const Estimate estimate = all_reduce(*study.model.rates().collectives, buffer, group);
    e.result                = known("time", estimate, "");
    e.source                = name_of(estimate.source);
    e.bound                 = "network";
    const double layers =
        attention ? s.model.num_hidden_layers + s.model.dense_layers() : s.model.moe_layers();
    e.runs = study.batches() * (layers / l.pp + s.speculation.drafts());
    return e;
}

}  // namespace isobath
