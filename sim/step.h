/// One step of a deployment: how long, why, does it fit, what does it cost.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "hw/contention.h"
#include "model/acceptance/allocation.h"
#include "model/balance/placed_load.h"
#include "model/comm/network.h"
#include "model/kernel_time.h"
#include "model/layer.h"
#include "model/weights.h"
#include "sim/plan_layers.h"
#include "sim/popularity.h"
#include "sim/scenario.h"
#include "sim/timeline.h"

namespace isobath {

/// Errors go the same way within a family and are independent between families.
enum class Family : std::uint8_t { gemm, grouped_gemm, attention, streaming, network, in_situ };
inline constexpr int kFamilyCount = 6;
std::string_view name_of(Family);
Family family_of(const Op& op);

/// Which end of its interval each family is evaluated at: -1 low, 0 the value, +1 high.
using Bend = std::array<std::int8_t, kFamilyCount>;

/// Groups of a layer's time, as published breakdowns have them, over both micro-batches.
enum class LayerPart : std::uint8_t {
    attention_core,
    dense_gemm,
    expert_gemm,
    other,
    launch_gaps,
    dispatch,  ///< kernels, and waiting for tokens
    combine,
    dispatch_barrier,
    combine_barrier,
    all_reduce,
    compute_bubble,  ///< compute stream idle, waits counted above left out
    comm_bubble      ///< comm stream idle (plans with communication kernels on SMs of their own)
};
inline constexpr int kLayerPartCount = 12;
std::string_view name_of(LayerPart);

/// One kernel of the step with its time alone on the GPU, and how often a step runs it on one GPU.
struct OpCost {
    Estimate estimate;
    Bound bound = Bound::latency;
};

struct StageCost {
    Seconds time;
    int kernels = 0;
    std::array<Seconds, kPartCount> parts{};
    std::array<Seconds, kSourceCount> by_source{};
};

/// Everything one evaluation needs to hold; reused, so that a sweep allocates nothing.
struct StepWorkspace {
    Batch batch;
    OpList ops;
    std::vector<OpCost> costs;  ///< one per op
    std::array<StageCost, kStageCount> stages{};
    RoleTimes roles;
    ExchangeCost exchange;
    Plan plan;
    Timeline timeline;
    SteadyState steady;
    OpList draft_ops;  ///< beyond the layer's own: heads that draft
    std::vector<OpCost> draft_costs;
    std::vector<StepWorkspace> passes;  ///< of drafts on rows of their own: after the first; the first
};

struct StepInput {
    double batch_per_gpu          = 1;   ///< requests on one GPU over all micro-batches
    double context                = 1;   ///< decode: tokens attended to; prefill: input tokens of a request
    std::optional<DraftLoad> load = {};  ///< what a policy verifies; none: all that the method drafts
};

struct StepTimes {
    Seconds step;       ///< all of it: what a user waits for one step
    Seconds layers;     ///< every layer of the model, without embedding, head, drafts and host
    Seconds moe_layer;  ///< one more MoE layer in the steady state, all micro-batches
    Seconds dense_layer;
    Seconds routed_activation;         ///< SwiGLU of the routed experts in one layer, all micro-batches
    Seconds attention;                 ///< of one layer, projections and core, all micro-batches
    Seconds ends;                      ///< embedding, final norm, logits, sampling
    Seconds drafts;                    ///< MTP modules, heads or models that draft
    Seconds first_draft, later_draft;  ///< passes of them: the first, each one after it
    Seconds host;
    Seconds compute, network, exposed_network;      ///< of the MoE layers: busy, in flight, not hidden
    std::array<Seconds, kLayerPartCount> parts{};   ///< of one MoE layer (of a dense layer without experts)
    std::array<Seconds, kSourceCount> by_source{};  ///< of the step
    double straggler = 1;                           ///< busiest rank's expert time over the mean
};

/// Placed loads by layout, kept for models that judge the same load on the same kind of cluster.
struct PlacedLoads {
    std::map<std::array<int, 4>, std::shared_ptr<const PlacedLoad>> by_layout;
};

/// A scenario turned into what every evaluation shares: kernel times, traffic per token, constants.
class StepModel {
  public:
    /// Reads its constants in less than 1 ms; uneven loads take tens. Throws SpecError where a preset is
    /// missing.
    /// Where models on one thread are many, `shared` lets them place a load once for each layout.
    StepModel(const Scenario& scenario, const DataFiles& data, std::shared_ptr<PlacedLoads> shared = nullptr);

    /// The same model in another layout, resolved in place within 2 us and without allocation once warm;
    /// uneven loads are placed anew where ep or redundant experts change (tens of ms). `layout` must pass
    /// check_layout(). Threads work on copies.
    void set_layout(const Layout& layout);

    /// The same on another number of the same GPUs; before the layout that needs them.
    void set_cluster(int nodes, int gpus_per_node, int nvlink_domain);

    /// The same model under another engine's constants.
    void set_engine(const Engine& engine) { scenario_.engine = engine; }
    /// The same model with other kernel times.
    void set_calibration(const Calibration& calibration);

    const Scenario& scenario() const { return scenario_; }
    const KernelTime& kernels() const { return *kernels_; }
    const ContentionConstants& contention() const { return contention_; }
    /// Of experts that are all alike.
    const ExchangeTraffic& traffic() const { return traffic_; }
    const CommRates& rates() const { return rates_; }
    const CommLibrary& library() const { return *library_; }
    LayerPlan layer_plan() const;
    bool exchange() const { return exchange_; }
    /// Whether experts run as one group of kernels: every rank sees all tokens, and the calibration knows
    /// them.
    bool fused_experts() const { return fused_experts_; }
    /// SMs left to compute kernels while communication kernels run beside them.
    int compute_sms() const;
    double expected_max() const { return expected_max_; }
    const WeightBytes& weights() const { return weights_; }
    /// The load of experts on their ranks; null where experts are all alike or follow a law without a place.
    const PlacedLoad* placed() const { return placed_.get(); }
    /// The exchange of a batch with so many tokens on each rank, uneven experts felt.
    ExchangeTraffic traffic_at(double tokens_per_rank) const;
    const DraftPlan& draft_plan() const { return draft_plan_; }
    /// The model that drafts, as a deployment of its own on the same GPUs; null where none does.
    const StepModel* draft_model() const { return draft_model_.get(); }
    /// How unevenly tokens choose experts by a law; null where all are alike or counted.
    const ExpertDraw* draw() const { return draw_.get(); }

  private:
    void set_traffic(const ExchangeShape& shape, ExchangeMode mode);
    void place();

    Scenario scenario_;
    std::shared_ptr<const KernelTime> kernels_;
    std::shared_ptr<const CommLibrary> library_;
    CommRates rates_;
    ContentionConstants contention_;
    ExchangeTraffic traffic_;
    GateSpread spread_;  ///< working storage
    bool exchange_ = false, fused_experts_ = false;
    WeightBytes weights_;
    DraftPlan draft_plan_;
    std::shared_ptr<const StepModel> draft_model_;
    std::shared_ptr<const ExpertDraw> draw_;
    std::shared_ptr<PlacedLoads> shared_;
    std::shared_ptr<const PlacedLoad> placed_;
    int placed_ep_ = 0, placed_redundant_ = 0;
    double expected_max_ = 0;  ///< E[max] over the ranks of standard normals
};

/// Rows of the busiest rank's experts beyond the mean rank's: E[max] deviations, and what the placement
/// leaves uneven. Ranks differ by chance and, where experts are not alike, by which experts they hold (drawn
/// without replacement).
double excess_rows(const StepModel& model, const Batch& batch);
/// Of these, what chance alone would make were all experts alike.
double chance_rows(const StepModel& model, const Batch& batch);

/// Evaluates one step. `bend` moves kernel families to the ends of their intervals.
StepTimes evaluate(const StepModel& model, const StepInput& input, StepWorkspace& work,
                   const Bend& bend = {});

}  // namespace isobath
