/// The answer to `isobath numerics`: what a precision does to GEMMs, attention, the router and acceptance.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hw/estimate.h"
#include "model/numerics/acceptance_loss.h"
#include "model/numerics/cheapest_policy.h"
#include "model/numerics/policy_errors.h"
#include "model/numerics/precision_pairs.h"
#include "sim/plot/figure.h"

namespace isobath {

/// The user's logits, positions x vocabulary, of the target and of the draft that was checked against it.
struct GivenLogits {
    numerics::Tensor target, draft;
};

struct NumericsRequest {
    ModelSpec model;
    PrecisionPolicy policy;
    numerics::Sample sample;
    std::vector<double> survival;  ///< S_1 .. of the acceptance curve that drafts are made up for
    std::string survival_source;
    std::optional<GivenLogits> logits;
    int positions = 96, vocabulary = 4096;  ///< of made-up logits
};

/// One GEMM of `k` summed products, both operands in `format`.
struct FormatAtK {
    Format format = Format::bf16;
    int k         = 0;
    numerics::RelativeError error;
};

struct AccumulationAtK {
    std::string inputs, how;  ///< "normal" or "uniform"; "14 bits", "14 bits, promoted every 128", ...
    int k = 0;
    numerics::RelativeError error;
};

struct AttentionCurve {
    std::string name;  ///< "cache fp8, core bf16"
    bool of_policy = false;
    std::vector<numerics::AttentionError> points;
};

/// What the i-th draft of a step loses, given that those before it were accepted.
struct PositionLoss {
    int position = 1;
    numerics::NoisyAcceptance at;  ///< at the central noise
    double loss = 0, low = 0, high = 0;
};

struct NumericsReport {
    NumericsRequest request;
    std::vector<numerics::PartError> parts;
    std::vector<FormatAtK> by_k;
    std::vector<AccumulationAtK> accumulation;
    std::vector<AttentionCurve> attention;
    numerics::RouterError router_own;                           ///< the gate's own GEMM
    numerics::RouterError router_low, router_mid, router_high;  ///< under the hidden state's noise
    numerics::BlockVariances blocks;
    numerics::StackNoise hidden;
    numerics::StackNoise logits;  ///< of the target: the hidden state's and the head's
    double draft_noise = 0;
    std::vector<PositionLoss> positions;
    std::vector<numerics::PrecisionPair> pairs;
    std::vector<numerics::PairResidual> residuals;
    numerics::PairRules rules;
    /// Of conditional acceptance: the rule that fits the pairs best, its interval all that was
    /// measured, and the computed loss of each position.
    double predicted = 0, predicted_low = 0, predicted_high = 0;
};

/// Computes all of it: seconds. Throws SpecError where the request's tensors do not fit its model.
NumericsReport numerics_report(const NumericsRequest& request, const DataFiles& data);

/// The acceptance that the first draft loses at a noise of the logits, for a search that asks often.
class LossCurve {
  public:
    explicit LossCurve(const NumericsRequest& request);
    double at(double target_noise, double draft_noise) const;

  private:
    std::vector<double> losses_;  ///< on a grid of the root of the sum of both noises' squares
};

/// Relative noise of the logits of target and draft under a policy.
struct LogitNoise {
    numerics::StackNoise target;
    double draft = 0;
};
LogitNoise logit_noise(numerics::ErrorTable& table, const PrecisionPolicy& policy);

nlohmann::json to_json(const NumericsReport& report);
std::string to_text(const NumericsReport& report);
std::vector<plot::Figure> figures_of(const NumericsReport& report);

}  // namespace isobath
