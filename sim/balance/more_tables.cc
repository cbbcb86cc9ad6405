// Tables of what a load does beside a step: network, drift, training.
#include "sim/balance/more_tables.h"

#include <fmt/format.h>

namespace isobath {
namespace {

std::string times(double x, int digits = 3) {
    return fmt::format("{:.{}f}", x, digits);
}

void add_way(const SampledWay& way, const char* name, ReportTable& t) {
    for (const PortClass& p : way.ports)
        t.rows.push_back({fmt::format("{}, {}", name, p.name), to_string(p.mean), to_string(p.busiest),
                          times(p.busiest_over_mean()), fmt::format("{:.0f} %", 100 * p.utilisation),
                          fmt::format("{:.1f} us", way.bottleneck.in(unit::us)),
                          fmt::format("{:.1f} us", way.fluid.in(unit::us))});
}

/// Which tier to believe, and why.
std::string tier_of(const DispatchSample& n) {
    const std::string dense = fmt::format("{:.0f} % of pairs of GPUs exchange messages: ", 100 * n.density);
    return dense + (n.tier == NetworkTier::fluid ? "sparse, so flows are followed one by one (T1)"
                                                 : "dense, so the busiest port decides (T0)");
}

double dropped(const TrainingBalance& r) {
    double sum = 0;
    for (const TrainingStep& s : r.steps) sum += s.dropped;
    return sum / double(r.steps.size());
}

}  // namespace

ReportTable network_table(const Balance& b) {
    if (!b.network) return {};
    const DispatchSample& n = *b.network;
    ReportTable t{fmt::format("Network: one micro-batch of layer {}, {}", n.layer, name_of(n.mode)),
                  tier_of(n) + "; T0 and T1 are of the ports alone, without latency",
                  {"ports", "mean", "busiest", "busiest/mean", "busy", "T0", "T1"},
                  {}};
    add_way(n.dispatch, "dispatch", t);
    add_way(n.combine, "combine", t);
    return t;
}

ReportTable sample_table(const Balance& b) {
    if (!b.network) return {};
    const DispatchSample& n = *b.network;
    const auto us           = [](Seconds t) { return fmt::format("{:.1f} us", t.in(unit::us)); };
    return {fmt::format("That batch: {:g} tokens per GPU, {} of them drawn", n.tokens, n.sampled),
            "padding: rows computed over rows, experts filled up to tiles of 64 or 128 rows",
            {"", "value"},
            {{"GPUs that a token reaches", times(n.distinct_ranks, 2)},
             {"nodes that a token reaches", times(n.distinct_nodes, 2)},
             {"pairs on the busiest GPU over the mean", times(n.rows_max_over_mean)},
             {"padding, all GPUs", times(n.padding_mean)},
             {"padding, busiest GPU", times(n.padding_busiest_rank)},
             {"dispatch by the step model, latency included", us(n.kernel_dispatch)},
             {"combine by the step model, latency included", us(n.kernel_combine)}}};
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

}  // namespace isobath
