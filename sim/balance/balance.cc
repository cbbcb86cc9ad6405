#include "sim/balance/balance.h"

#include <algorithm>

#include "sim/resolve_routing.h"

namespace isobath {
namespace {

/// What stood before anything was moved: experts in their own order, or at least copies left in place.
RankMaps maps_of(const Scenario& s) {
    RankMaps out;
    out.after = rank_shares(s);
    if (s.model.moe->n_routed_experts % s.layout.ep == 0) {
        out.before_name = "own order";
        out.before      = rank_shares(placed_as(s, Balancer::none, 0));
    } else {
        out.before_name = "copies only";
        out.before      = rank_shares(in_distribution(placed_as(s, Balancer::replicate, s.layout.redundant)));
    }
    return out;
}

std::vector<LayerBalance> layers_of(const Scenario& s, const RankMaps& maps) {
    const auto ranks    = std::size_t(s.layout.ep);
    const auto balanced = rank_shares(in_distribution(placed_as(s, Balancer::eplb, s.layout.redundant)));
    const auto row_of   = [&](const std::vector<double>& map, std::size_t l) {
        return std::span(map).subspan(l * ranks, ranks);
    };
    std::vector<LayerBalance> out;
    for (int l = 0; l < s.load->layers; ++l) {
        const auto row    = std::size_t(l);
        const auto counts = s.load->layer(l);
        const auto after  = row_of(maps.after, row);
        LayerBalance b{.layer = layer_id(*s.load, l)};
        b.hottest_over_mean =
            *std::max_element(counts.begin(), counts.end()) * s.load->experts / total(counts);
        b.before          = mean_over_max(row_of(maps.before, row));
        b.after           = mean_over_max(after);
        b.in_distribution = mean_over_max(row_of(balanced, row));
        b.busiest         = int(std::max_element(after.begin(), after.end()) - after.begin());
        out.push_back(b);
    }
    return out;
}

std::vector<RankBalance> ranks_of(const Scenario& s, const RankMaps& maps) {
    const int ranks = s.layout.ep, per_node = std::max(1, s.cluster.nvlink_domain / s.layout.expert_tp);
    std::vector<RankBalance> out;
    for (int r = 0; r < ranks; ++r) {
        RankBalance b{.rank = r, .node = r / per_node, .before = 0, .after = 0, .worst = 0};
        for (int l = 0; l < s.load->layers; ++l) {
            const auto at = std::size_t(l) * std::size_t(ranks) + std::size_t(r);
            b.before += maps.before[at] / s.load->layers;
            b.after += maps.after[at] / s.load->layers;
            if (maps.after[at] <= b.worst) continue;
            b.worst       = maps.after[at];
            b.worst_layer = layer_id(*s.load, l);
        }
        out.push_back(b);
    }
    return out;
}

/// Of one layer, in the format of the routed experts.
Bytes expert_weights(const Scenario& s) {
    const Shard whole{.ep = 1, .expert_tp = s.layout.expert_tp};
    return weights_of(s.model, s.precision, whole).routed /
           (double(s.model.moe_layers()) * s.model.moe->n_routed_experts);
}

}  // namespace

const PlacedVariant* Balance::find(const std::string& variant) const {
    const auto at = std::find_if(variants.begin(), variants.end(),
                                 [&](const PlacedVariant& v) { return v.name == variant; });
    return at == variants.end() ? nullptr : &*at;
}

const PlacedVariant& Balance::as_planned() const {
    return *find("as planned");
}

Balance balance_of(BalanceScenario scenario, const DataFiles& data) {
    Balance out;
    out.of            = std::move(scenario);
    const Scenario& s = out.of.scenario;
    out.input         = input_of(s);
    out.load          = summary_of(*s.load);
    out.maps          = maps_of(s);
    out.layers        = layers_of(s, out.maps);
    out.ranks         = ranks_of(s, out.maps);
    out.variants      = judge_variants(s, out.input, data);
    out.slots         = judge_slots(s, out.input, data, out.as_planned());
    const StepModel model(s, data);
    out.no_network = no_dispatch(model);
    if (out.no_network.empty())
        out.network = sample_dispatch(model, out.input, middle_layer(out.maps.after, s.layout.ep));
    return out;
}

DriftReport drift_of(const Scenario& s, const ExpertLoad& to, const DriftSpec& spec, const DataFiles& data) {
    const StepModel model(s, data);
    const CollectiveRates& rates = *model.rates().collectives;
    const Layout& l              = s.layout;
    const bool across            = l.ep * l.expert_tp > s.cluster.nvlink_domain;
    const int nodes  = (l.ep * l.expert_tp + s.cluster.nvlink_domain - 1) / s.cluster.nvlink_domain;
    const int groups = s.gate == GateChoice::model ? s.model.moe->n_group : 1;
    const EplbShape shape{s.load->experts + l.redundant, groups, l.ep % nodes == 0 ? nodes : 1, l.ep};
    DriftReport out{.to = to.source, .spec = spec, .expert = expert_weights(s)};
    out.bandwidth    = across ? rates.nic.value : rates.send_nvlink.value;
    out.result       = simulate_drift(*s.load, to, shape, spec, {out.expert, out.bandwidth});
    out.copies_moved = out.result.moved_per_gpu / out.expert;
    return out;
}

}  // namespace isobath
