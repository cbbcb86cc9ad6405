/// Everything a run needs, as the user wrote it and as it resolves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hw/cluster.h"
#include "model/acceptance/draft_plan.h"
#include "model/arch.h"
#include "model/balance/balancer.h"
#include "model/balance/expert_load.h"
#include "model/calibrated_time.h"
#include "model/precision.h"
#include "model/shard.h"
#include "sim/engine.h"
#include "sim/planning.h"
#include "sim/training.h"
#include "sim/workload.h"

namespace isobath {

enum class Phase : std::uint8_t { decode, prefill, serve, train };
enum class Overlap : std::uint8_t { none, shared_expert, two_batch, two_batch_hook };
/// How tokens reach their experts and come back.
enum class Comm : std::uint8_t { none, nccl, deepep_normal, deepep_low_latency, mnnvl };
/// The model's own group limits, or any expert as likely as any other.
enum class GateChoice : std::uint8_t { model, any };
enum class SpeculationMethod : std::uint8_t { none, mtp, parallel_heads, medusa, eagle, draft_model };
/// Modules of MTP: one, used again for every draft, or one trained for each.
enum class DraftModules : std::uint8_t { reused, trained };
/// Whether a tree of candidates is the same in every step, or grown by confidence.
enum class TreeKind : std::uint8_t { fixed, dynamic };
/// Whether a server speculates: unknown where a published run does not say, then both are predicted.
enum class SpeculationUse : std::uint8_t { on, off, unknown };

struct Layout {
    int attention_tp = 1, attention_dp = 1, attention_cp = 1;
    int ep = 1, expert_tp = 1, redundant = 0;
    SharedExperts shared     = SharedExperts::replicated;
    int pp                   = 1;
    Overlap overlap          = Overlap::none;
    Comm comm                = Comm::none;
    int comm_sms             = 0;  ///< SMs that communication kernels hold; 0: the library's own default
    std::string comm_library = "auto";
};

struct Speculation {
    SpeculationMethod method = SpeculationMethod::none;
    int depth                = 1;
    SpeculationUse use       = SpeculationUse::on;
    DraftModules modules     = DraftModules::reused;
    int nodes = 0, width = 4;  ///< of the tree of candidates that a step verifies; no nodes: a chain
    TreeKind tree = TreeKind::fixed;
    std::vector<double> survival;   ///< S_1 .. S_depth: the chance that the first i drafts are all accepted
    std::vector<double> low, high;  ///< of the survival
    int measured         = 0;       ///< depths that were measured; deeper ones are extrapolated
    double tree_accepted = -1;      ///< nodes of the tree accepted in the mean; below 0: no tree
    std::string source;             ///< of the survival curve
    std::shared_ptr<const ModelSpec> draft_model;  ///< that drafts, if another model does

    bool on() const { return method != SpeculationMethod::none && use != SpeculationUse::off && depth > 0; }
    /// Tokens drafted and verified for a request in one step, the step's own left out.
    int drafts() const { return on() ? plan().verified - 1 : 0; }
    DraftPlan plan() const;
    /// 1 + sum S_i, exact whatever the dependence between drafts; of a tree, over all nodes.
    double tokens_per_step() const;
};

struct Slo {
    Seconds ttft_p90, tpot_p90;
};

struct Scenario {
    std::string name;
    std::string file;  ///< where it was read
    PresetText model_text, gpu_text, nic_text{"\"none\""}, precision_text{"\"bf16\""},
        calibration_text{"\"auto\""}, engine_text{"\"sglang\""}, acceptance_text{"\"deepseek-v3-mtp\""},
        draft_model_text{"\"none\""};

    ModelSpec model;
    ClusterSpec cluster;
    PrecisionPolicy precision;
    Calibration calibration;
    KernelChoice implementations;  ///< of kernel families, where the scenario chooses
    Engine engine;
    Phase phase = Phase::decode;
    Layout layout;
    Speculation speculation;
    GateChoice gate        = GateChoice::model;
    Balancer placement     = Balancer::none;
    std::string popularity = "uniform", planned_on = "same";
    /// Counted or drawn loads: what is judged, and what placements are planned on. Null: all experts alike.
    std::shared_ptr<const ExpertLoad> load, planned_load;
    double max_over_mean  = 1;  ///< tokens of the busiest rank over the mean, that a placement leaves
    std::string threshold = "none";
    Workload workload;
    Serving serving;
    Training training;
    Slo slo;
    Planning plan;
    double usd_per_gpu_hour = -1;  ///< below 0: the GPU preset's
    std::uint64_t seed      = 1;

    /// Whether tokens travel to their experts: ranks with requests of their own share experts.
    bool exchanges() const { return model.moe && layout.attention_dp > 1; }

    /// Whether units are laid out by themselves, each on as many GPUs as it needs.
    bool has_units() const { return serving.units.json != "{}"; }
    /// Whether prefill and decode have units of their own.
    bool splits() const { return serving.units.json.find("\"prefill\"") != std::string::npos; }

    Shard shard() const {
        return {layout.attention_tp, layout.attention_cp, layout.ep, layout.expert_tp,
                layout.redundant,    layout.shared,       layout.pp};
    }
};

}  // namespace isobath
