#include "sim/step.h"

namespace isobath {
namespace {

ExchangeMode mode_of(Comm comm) {
    switch (comm) {
        case Comm::deepep_normal: return ExchangeMode::deepep_normal;
        case Comm::deepep_low_latency: return ExchangeMode::deepep_low_latency;
        case Comm::mnnvl: return ExchangeMode::mnnvl;
        case Comm::none:
        case Comm::nccl: break;
    }
    return ExchangeMode::nccl_all_gather;
}

constexpr const char* kCollectives = "nccl-2.29";

/// The newest library known for this way of communicating on this GPU.
std::string library_name(const Scenario& s) {
    if (s.layout.comm_library != "auto") return s.layout.comm_library;
    const bool h800 = s.cluster.gpu.name == "h800";
    switch (s.layout.comm) {
        case Comm::deepep_normal: return h800 ? "deepep-v1-2025-04" : "deepep-v1-sglang-0.5";
        case Comm::deepep_low_latency: return h800 ? "deepep-v1-2025-06" : "deepep-v1-sglang-0.5";
        case Comm::mnnvl: return "mnnvl-trtllm-1.2";
        case Comm::none:
        case Comm::nccl: break;
    }
    return kCollectives;
}

ExchangeShape shape_of(const Scenario& s, const Layout& l) {
    const MoeSpec& moe = *s.model.moe;
    ExchangeShape shape;
    shape.ranks          = l.ep * l.expert_tp;
    shape.ranks_per_node = s.cluster.nvlink_domain;
    shape.experts        = moe.n_routed_experts + l.redundant;
    shape.top_k          = moe.num_experts_per_tok + (l.shared == SharedExperts::dedicated ? moe.n_shared_experts : 0);
    if (s.gate == GateChoice::model) {
        shape.groups      = moe.n_group;
        shape.topk_groups = moe.topk_group;
    }
    shape.hidden         = s.model.hidden_size;
    shape.dispatch       = s.precision.dispatch;
    shape.combine        = s.precision.combine;
    return shape;
}

}  // namespace

StepModel::StepModel(const Scenario& scenario, const DataFiles& data)
    : scenario_(scenario), contention_(load_contention(data)) {
    kernels_ = std::make_shared<CalibratedTime>(scenario.cluster.gpu, scenario.calibration, scenario.implementations);
    CommLibrary library = load_comm_library(data, library_name(scenario));
    if (!library.collectives) library.collectives = load_comm_library(data, kCollectives).collectives;
    library_ = std::make_shared<CommLibrary>(std::move(library));
    rates_   = resolve(*library_, scenario_.cluster);
    set_layout(scenario.layout);
}

void StepModel::set_layout(const Layout& layout) {
    scenario_.layout = layout;
    exchange_        = scenario_.model.moe && layout.attention_dp > 1;
    expected_max_    = expected_max_of_normals(layout.ep);
    weights_         = weights_of(scenario_.model, scenario_.precision, scenario_.shard(), scenario_.speculation.drafts() > 0);
    if (exchange_) traffic_ = traffic_of(shape_of(scenario_, layout), mode_of(layout.comm), *library_);
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
