/// A plan with its reasons: what binds, what comes second, what it rests on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hw/estimate.h"
#include "sim/planner/plan.h"
#include "sim/plot/figure.h"

namespace isobath {

/// The best plan that differs in one thing from the winner.
struct RunnerUp {
    std::string dimension, value;  ///< "speculation", "mtp:1"
    PlanRecord record;
    double loss = 0;  ///< share of the winner's objective by which it is worse
};

/// How much of a limit the winner uses.
struct LimitUse {
    std::string limit;   ///< "time per output token"
    double used = 0;     ///< 1: all of it
    std::string what;    ///< in words, with both figures
    bool binds = false;  ///< the next better batch or unit would break it
};

/// Figures of the winner with one thing changed.
struct LeverEnd {
    std::string what;  ///< "low end", "-10 %"
    double tpot = 0, ttft = 0, tokens_per_s = 0, usd_per_token = 0;
};
struct Lever {
    std::string name;
    LeverEnd low, high;
    double swing = 0;  ///< largest change of any of the four at either end, as a share
};

/// How sure the SLO would be, were one family of kernels known exactly.
struct FamilyRisk {
    std::string family;
    double chance_if_known = 0;
};

/// The most that so many GPUs can carry within the limits.
struct Capacity {
    int gpus            = 0;
    double tokens_per_s = 0, clients = 0, usd = 0;
    std::string words;  ///< of the deployment; empty: none is within the limits
};

/// A plan served request by request.
struct Confirmation {
    PlanRecord record;
    double requests  = 0;                                             ///< counted
    double tpot_mean = 0, ttft_mean = 0, tpot_p90 = 0, ttft_p90 = 0;  ///< seconds
    double tokens_per_s = 0;                                          ///< output tokens of the deployment
    bool meets_slo      = false;                                      ///< by its ninth deciles
};

/// How to start a unit, and what no option says.
struct UnitLaunch {
    std::string engine, unit, text;
    std::vector<std::string> unsaid;
};

/// How much is explained beyond the winner and its reasons.
enum class PlanDepth : std::uint8_t { winner, everything };

struct PlanAnswer {
    Scenario scenario;
    PlanSearch search;
    std::vector<PlanRecord> pareto;
    std::optional<PlanRecord> best, nearest;
    /// The best plan as predict_served() has it: means with 80 % intervals. None where one scenario cannot
    /// say it.
    std::optional<Estimate> tpot, ttft;
    double confidence = 0;  ///< chance that means stay within the limits
    std::vector<RunnerUp> runners_up;
    std::vector<LimitUse> limits;
    std::vector<Lever> levers;            ///< the strongest first
    std::vector<FamilyRisk> risks;        ///< the family that would help most first
    std::vector<Confirmation> confirmed;  ///< in the order of the plans; empty unless asked for
    std::vector<UnitLaunch> launches;
    std::vector<Capacity> capacities;  ///< of one node less, of the winner's GPUs, of one node more
};

/// Plans, and explains the winner.
PlanAnswer plan(const Scenario& scenario, const DataFiles& data, PlanDepth depth = PlanDepth::everything);

/// "8 GPUs: tp 8, dp 1, ep 1 x tp 8, nccl" of a unit.
std::string words_of(const UnitLayout& unit);
/// The whole deployment in one line.
std::string words_of(const PlanSearch& search, const PlanRecord& record);

nlohmann::json to_json(const PlanAnswer& answer);
/// `top` rows of the list of plans.
std::string to_text(const PlanAnswer& answer, int top);
/// Tokens/s for each GPU against tokens/s for a user: all that were computed, the front, the winner.
plot::Figure figure_of(const PlanAnswer& answer);

}  // namespace isobath
