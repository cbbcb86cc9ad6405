#include "model/balance/placed_traffic.h"
#include "model/forms_moe.h"
#include "sim/comm_choice.h"
#include "sim/resolve_routing.h"
#include "sim/speculate/draft_parts.h"
#include "sim/step.h"

namespace isobath {
namespace {

ExchangeShape shape_of(const Scenario& s, const Layout& l) {
    const MoeSpec& moe = *s.model.moe;
    ExchangeShape shape;
    shape.ranks          = l.ep * l.expert_tp;
    shape.ranks_per_node = s.cluster.nvlink_domain;
    shape.experts        = moe.n_routed_experts + l.redundant;
    shape.top_k = moe.num_experts_per_tok + (l.shared == SharedExperts::dedicated ? moe.n_shared_experts : 0);
    if (s.gate == GateChoice::model) {
        shape.groups      = moe.n_group;
        shape.topk_groups = moe.topk_group;
    }
    shape.hidden   = s.model.hidden_size;
    shape.dispatch = s.precision.dispatch;
    shape.combine  = s.precision.combine;
    return shape;
}

}  // namespace

StepModel::StepModel(const Scenario& scenario, const DataFiles& data, std::shared_ptr<PlacedLoads> shared)
    : scenario_(scenario), contention_(load_contention(data)), shared_(std::move(shared)) {
    kernels_            = std::make_shared<CalibratedTime>(scenario.cluster.gpu, scenario.calibration,
                                                scenario.implementations);
    CommLibrary library = load_comm_library(data, comm_library_of(scenario));
    if (!library.collectives)
        library.collectives = load_comm_library(data, collectives_of(scenario)).collectives;
    library_ = std::make_shared<CommLibrary>(std::move(library));
    rates_   = resolve(*library_, scenario_.cluster);
    Popularity popularity;
    if (scenario.model.moe && !scenario.load && parse_popularity(scenario.popularity, popularity) &&
        !popularity.uniform())
        draw_ = std::make_shared<ExpertDraw>(popularity, scenario.model.moe->n_routed_experts,
                                             scenario.model.moe->num_experts_per_tok);
    if (scenario.speculation.on() && scenario.speculation.draft_model)
        draft_model_ = std::make_shared<StepModel>(scenario_of_draft(scenario), data);
    set_layout(scenario.layout);
}

void StepModel::set_calibration(const Calibration& calibration) {
    scenario_.calibration = calibration;
    kernels_ =
        std::make_shared<CalibratedTime>(scenario_.cluster.gpu, calibration, scenario_.implementations);
}

void StepModel::set_layout(const Layout& layout) {
    if (expected_max_ == 0 || layout.ep != scenario_.layout.ep)
        expected_max_ = expected_max_of_normals(layout.ep);
    scenario_.layout = layout;
    exchange_        = scenario_.exchanges();
    draft_plan_      = scenario_.speculation.plan();
    weights_         = weights_of(scenario_.model, scenario_.precision, scenario_.shard(),
                          draft_plan_.kind == DraftKind::target_block ? draft_plan_.modules : 0);
    add_draft_weights(scenario_, draft_plan_, draft_model_.get(), weights_);
    if (rates_.throughput)
        rates_.throughput->sms = layout.comm_sms > 0 ? layout.comm_sms : library_->throughput->sms;
    fused_experts_ = scenario_.model.moe && (!exchange_ || layout.comm == Comm::nccl) &&
                     (fused_moe_family(scenario_.calibration, scenario_.precision.moe) ||
                      scenario_.calibration.gpu.empty());  // the roofline of what a calibration would time
    if (exchange_) set_traffic(shape_of(scenario_, layout), mode_of(layout.comm));
    place();
}

void StepModel::set_cluster(int nodes, int gpus_per_node, int nvlink_domain) {
    scenario_.cluster.nodes         = nodes;
    scenario_.cluster.gpus_per_node = gpus_per_node;
    scenario_.cluster.nvlink_domain = nvlink_domain;
    rates_                          = resolve(*library_, scenario_.cluster);
    traffic_                        = {};
    placed_ep_                      = 0;
}

void StepModel::place() {
    const Layout& layout = scenario_.layout;
    if (!scenario_.load || (layout.ep == placed_ep_ && layout.redundant == placed_redundant_)) return;
    placed_ = shared_ ? nullptr : placed_load_of(scenario_, layout);
    if (shared_) {
        auto& kept =
            shared_
                ->by_layout[{layout.ep, layout.expert_tp, layout.redundant, scenario_.cluster.nvlink_domain}];
        if (!kept) kept = placed_load_of(scenario_, layout);
        placed_ = kept;
    }
    placed_ep_        = layout.ep;
    placed_redundant_ = layout.redundant;
}

ExchangeTraffic StepModel::traffic_at(double tokens_per_rank) const {
    return placed_ ? crowded(traffic_, *placed_, tokens_per_rank) : traffic_;
}

/// Most fields of a layout leave the traffic as it is.
void StepModel::set_traffic(const ExchangeShape& shape, ExchangeMode mode) {
    if (shape == traffic_.shape && mode == traffic_.mode) return;
    traffic_ = traffic_of(shape, mode, *library_, spread_);
}

LayerPlan StepModel::layer_plan() const {
    return {scenario_.layout.overlap, exchange_, scenario_.layout.comm == Comm::deepep_low_latency};
}

int StepModel::compute_sms() const {
    const int all = scenario_.cluster.gpu.sm_count;
    if (scenario_.layout.overlap != Overlap::two_batch) return all;
    const int held = scenario_.layout.comm_sms > 0 ? scenario_.layout.comm_sms
                     : rates_.throughput           ? rates_.throughput->sms
                                                   : 0;
    return all - held;
}

}  // namespace isobath
