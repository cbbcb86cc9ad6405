// The answer as lines and tables.
#include <algorithm>

#include <fmt/format.h>

#include "sim/balance/balance_tables.h"

namespace isobath {
namespace {

constexpr std::size_t kFew = 5;

std::string times(double x, int digits = 3) {
    return fmt::format("{:.{}f}", x, digits);
}

std::string gain(double a, double b) {
    return fmt::format("{:+.1f} %", 100 * (a / b - 1));
}

std::vector<std::string> cells_of(const PlacedVariant& v, double base, const std::string& name) {
    return {name,
            std::to_string(v.redundant),
            times(v.mean_over_max),
            times(v.max_over_mean),
            times(v.max_over_mean_tokens),
            times(v.max_over_mean_time),
            fmt::format("{:.3f} ms", v.step.in(unit::ms)),
            fmt::format("{:.0f}", v.tokens_per_s_gpu),
            gain(v.tokens_per_s_gpu, base),
            fmt::format("{:.2f} GB", v.weights.in(unit::GB)),
            v.fits ? "yes" : "no"};
}

const std::vector<std::string> kColumns{"placement",    "redundant", "mean/max", "max/mean",
                                        "of a batch",   "in time",   "step",     "tokens/s/GPU",
                                        "over planned", "weights",   "fits"};

ReportTable variants_table(const Balance& b) {
    ReportTable t{
        "What a placement does to a step",
        "mean/max and max/mean by popularity alone, over layers; of a batch: chance included, tokens "
        "and time of the busiest GPU",
        kColumns,
        {}};
    for (const PlacedVariant& v : b.variants)
        t.rows.push_back(cells_of(v, b.as_planned().tokens_per_s_gpu, v.name));
    return t;
}

ReportTable slots_table(const Balance& b) {
    ReportTable t{"What redundant experts buy",
                  "the scenario's placement, one slot more on every GPU each time; memory is weights per GPU",
                  kColumns,
                  {}};
    t.columns.front() = "slots per GPU";
    const int experts = b.load.experts, ep = b.of.scenario.layout.ep;
    for (const PlacedVariant& v : b.slots)
        t.rows.push_back(
            cells_of(v, b.as_planned().tokens_per_s_gpu, std::to_string((experts + v.redundant) / ep)));
    return t;
}

ReportTable hottest_table(const Balance& b, bool every) {
    ReportTable t{"Hottest experts", "", {"layer", "expert", "times the mean"}, {}};
    for (const HotExpert& h : b.load.hottest) {
        if (!every && t.rows.size() == kFew) break;
        t.rows.push_back({std::to_string(h.layer), std::to_string(h.expert), times(h.over_mean, 2)});
    }
    return t;
}

template <class Row, class Less>
std::vector<Row> first(std::vector<Row> rows, bool every, Less less) {
    if (every) return rows;
    std::stable_sort(rows.begin(), rows.end(), less);
    rows.resize(std::min(kFew, rows.size()));
    return rows;
}

ReportTable layers_table(const Balance& b, bool every) {
    ReportTable t{every ? "Layers" : "Layers that are worst off",
                  "mean/max of the tokens on a GPU, by popularity alone",
                  {"layer", "hottest expert", b.maps.before_name, "as planned", "EPLB", "busiest GPU"},
                  {}};
    const auto worse = [](const LayerBalance& x, const LayerBalance& y) { return x.after < y.after; };
    for (const LayerBalance& l : first(b.layers, every, worse))
        t.rows.push_back({std::to_string(l.layer), times(l.hottest_over_mean, 2), times(l.before),
                          times(l.after), times(l.in_distribution), std::to_string(l.busiest)});
    return t;
}

ReportTable ranks_table(const Balance& b, bool every) {
    ReportTable t{every ? "GPUs" : "Busiest GPUs",
                  "tokens over the mean GPU's, averaged over layers; worst: of any layer",
                  {"GPU", "node", b.maps.before_name, "as planned", "worst", "in layer"},
                  {}};
    const auto busier = [](const RankBalance& x, const RankBalance& y) { return x.after > y.after; };
    for (const RankBalance& r : first(b.ranks, every, busier))
        t.rows.push_back({std::to_string(r.rank), std::to_string(r.node), times(r.before), times(r.after),
                          times(r.worst), std::to_string(r.worst_layer)});
    return t;
}

void add_way(const SampledWay& way, const char* name, ReportTable& t) {
    for (const PortClass& p : way.ports)
        t.rows.push_back({fmt::format("{}, {}", name, p.name), to_string(p.mean), to_string(p.busiest),
                          times(p.busiest_over_mean()), fmt::format("{:.0f} %", 100 * p.utilisation),
                          fmt::format("{:.1f} us", way.bottleneck.in(unit::us)),
                          fmt::format("{:.1f} us", way.fluid.in(unit::us))});
}

std::string network_note(const DispatchSample& n) {
    const bool fluid = n.tier == NetworkTier::fluid;
    return fmt::format(
        "{}, layer {}, {:g} tokens per GPU{}; a token reaches {:.2f} GPUs on {:.2f} nodes; {:.0f} % of pairs "
        "exchange messages, so {} decides; ports alone, without latency (kernels: {:.1f} and {:.1f} us)",
        name_of(n.mode), n.layer, n.tokens,
        n.sampled < n.tokens ? fmt::format(" ({} sampled)", n.sampled) : std::string(), n.distinct_ranks,
        n.distinct_nodes, 100 * n.density,
        fluid ? "T1 (sparse flows, followed one by one)" : "T0 (dense: the busiest port binds)",
        n.kernel_dispatch.in(unit::us), n.kernel_combine.in(unit::us));
}

ReportTable network_table(const Balance& b) {
    if (!b.network) return {};
    ReportTable t{"Network, one micro-batch of one layer",
                  network_note(*b.network),
                  {"ports", "mean", "busiest", "busiest/mean", "busy", "T0", "T1"},
                  {}};
    add_way(b.network->dispatch, "dispatch", t);
    add_way(b.network->combine, "combine", t);
    return t;
}

ReportTable drift_table(const Balance& b) {
    if (!b.drift) return {};
    const DriftReport& d = *b.drift;
    ReportTable t{
        "Rebalancing while the load drifts to " + d.to,
        fmt::format("mean/max {:.3f} over time, {:.3f} if always fresh; each plan moves {} ({:.0f} "
                    "experts) into the busiest GPU, {} at {}: {:.2f} % of the time lost if serving "
                    "stops for it",
                    d.result.mean_over_max, d.result.fresh, to_string(d.result.moved_per_gpu), d.copies_moved,
                    to_string(d.result.pause), to_string(d.bandwidth), 100 * (1 - d.result.kept)),
        {"plan at", "mean/max then", "at the next"},
        {}};
    for (std::size_t i = 0; i < d.result.at_start.size(); ++i)
        t.rows.push_back({fmt::format("{:g} s", double(i) * d.spec.interval.in(unit::s)),
                          times(d.result.at_start[i]), times(d.result.at_end[i])});
    return t;
}

double dropped(const TrainingBalance& r) {
    double sum = 0;
    for (const TrainingStep& s : r.steps) sum += s.dropped;
    return sum / double(r.steps.size());
}

ReportTable training_table(const Balance& b) {
    ReportTable t{
        "Balance of the router in training",
        "MaxVio is max over mean - 1 of a batch; settled: last quarter of the steps; lasting: their "
        "batches taken together",
        {"method", "strength", "steps", "first MaxVio", "settled", "lasting", "in a sequence", "dropped"},
        {}};
    for (const TrainingReport& r : b.training) {
        const double strength = r.spec.gamma > 0 ? r.spec.gamma : r.spec.alpha;
        t.rows.push_back({r.method, fmt::format("{:g}", strength), std::to_string(r.spec.steps),
                          times(r.result.steps.front().max_violation, 2),
                          times(settled_violation(r.result), 2), times(lasting_violation(r.result), 2),
                          times(r.result.steps.back().sequence_violation, 2),
                          fmt::format("{:.2f} %", 100 * dropped(r.result))});
    }
    return t;
}

}  // namespace

std::vector<ReportTable> tables_of(const Balance& b, bool every) {
    return {variants_table(b),     slots_table(b),   hottest_table(b, every), layers_table(b, every),
            ranks_table(b, every), network_table(b), drift_table(b),          training_table(b)};
}

std::vector<std::string> lead_of(const Balance& b) {
    const Scenario& s = b.of.scenario;
    std::vector<std::string> out{
        fmt::format("{} layers of {} experts on {} ranks, {} slots each; planned on {}", b.load.layers,
                    b.load.experts, s.layout.ep, (b.load.experts + s.layout.redundant) / s.layout.ep,
                    s.planned_on == "same" ? "the load itself" : s.planned_on)};
    out.push_back(
        fmt::format("load: {}: hottest expert {:.2f} times its layer's mean on average, deviation "
                    "{:.2f} of the mean",
                    s.popularity, b.load.hottest_over_mean, b.load.deviation_over_mean));
    out.insert(out.end(), b.of.notes.begin(), b.of.notes.end());
    if (!b.network) out.push_back("network: not followed: " + b.no_network);
    return out;
}

std::string to_text(const Balance& b, bool) {
    std::string out = b.of.scenario.name + ": balance of experts\n";
    for (const std::string& line : lead_of(b)) out += "  " + line + "\n";
    for (const ReportTable& table : tables_of(b, false)) {
        const std::string text = to_text(table);
        if (!text.empty()) out += "\n" + text;
    }
    return out;
}

}  // namespace isobath
