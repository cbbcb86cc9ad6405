// The answer as lines and tables.
#include <algorithm>

#include <fmt/format.h>

#include "sim/balance/balance_tables.h"
#include "sim/balance/more_tables.h"

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

}  // namespace

std::vector<ReportTable> tables_of(const Balance& b, bool every) {
    return {variants_table(b),      slots_table(b),        hottest_table(b, every),
            layers_table(b, every), ranks_table(b, every), network_table(b),
            sample_table(b),        drift_table(b),        training_table(b)};
}

std::vector<std::string> lead_of(const Balance& b) {
    const Scenario& s = b.of.scenario;
    std::vector<std::string> out{
        fmt::format("{} layers of {} experts; {} ranks with room for {} each; planned on {}", b.load.layers,
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
